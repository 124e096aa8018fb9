"""Every way a message can be wrong: the reason, the place, nothing of the value, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.bus.ports import BusRecord, Delivery, Position
from gateway.bus.topics import TopicKind, topic_of
from gateway.domain import (
    ConsentEffect,
    Decider,
    FactMessage,
    HouseholdMember,
    Oin,
    Partner,
    PartnerKind,
    Phase,
    SigningKey,
)
from gateway.errors import MessageRejected, RejectionReason
from gateway.ingest.checking import check
from gateway.messages.records import to_record
from gateway.messages.signing import key_id, public_bytes, sign
from tests.support.facts import NOON, OIN_GGZ, OIN_VT, consent, household, involvement, message, person

KEY = Ed25519PrivateKey.generate()
OTHER_KEY = Ed25519PrivateKey.generate()
NOW = datetime(2026, 3, 2, 13, tzinfo=UTC)
PLANTED = "PLANTED-text-of-a-case"


def a_partner(oin: Oin = OIN_VT, **changes: Any) -> Partner:
    key = SigningKey(
        kid=key_id(KEY),
        public_key=public_bytes(KEY),
        valid_from=NOW - timedelta(days=1),
        valid_until=NOW + timedelta(days=1),
    )
    values: dict[str, Any] = {
        "oin": oin,
        "kind": PartnerKind("veilig_thuis"),
        "name": "Veilig Thuis (synthetic)",
        "signing_keys": (key,),
    }
    return Partner(**values | changes)


def signed(fact_message: FactMessage) -> BusRecord:
    return to_record(fact_message, key=KEY, kid=key_id(KEY))


def checked(record: BusRecord, partner: Partner | None = None, *, largest_bytes: int = 65_536) -> FactMessage:
    delivery = Delivery(position=Position(topic=record.topic, partition=0, offset=1), record=record)
    return check(delivery, partner or a_partner(), now=NOW, largest_bytes=largest_bytes)


def edited(record: BusRecord, edit: Callable[[dict[str, Any]], None]) -> BusRecord:
    """Change the body and sign it again, as a faulty adapter would send it."""
    body = orjson.loads(record.value)
    edit(body)
    value = orjson.dumps(body)
    jws = sign(value, key=KEY, kid=key_id(KEY)).encode()
    return replace(record, value=value, headers={**record.headers, "jws": jws})


def rejection(record: BusRecord, partner: Partner | None = None, **terms: Any) -> MessageRejected:
    with pytest.raises(MessageRejected) as caught:
        checked(record, partner, **terms)
    return caught.value


@pytest.mark.parametrize(
    "fact",
    [
        involvement(OIN_VT, "anna"),
        involvement(OIN_VT, "anna", phase=Phase.ENDED, until=date(2026, 2, 1), shielded=True),
        household(OIN_VT, "anna", "bram"),
        consent(OIN_VT, "anna", holder="ggz", asking="politie"),
    ],
    ids=["involvement", "ended", "household", "consent"],
)
def test_an_honest_message_comes_out_as_the_fact_that_went_in(fact: Any) -> None:
    sent = message(fact)
    assert checked(signed(sent)) == sent


def test_a_value_above_the_limit_is_refused_before_it_is_read() -> None:
    record = replace(signed(message(involvement(OIN_VT, "anna"))), value=b"x" * 10_000_000)
    assert rejection(record).reason is RejectionReason.TOO_LARGE


def test_a_topic_without_a_partner_is_refused() -> None:
    record = signed(message(involvement(OIN_VT, "anna")))
    delivery = Delivery(position=Position(topic=record.topic, partition=0, offset=1), record=record)
    with pytest.raises(MessageRejected) as caught:
        check(delivery, None, now=NOW, largest_bytes=65_536)
    assert caught.value.reason is RejectionReason.UNKNOWN_PARTNER


def test_a_partner_that_is_switched_off_is_refused() -> None:
    record = signed(message(involvement(OIN_VT, "anna")))
    assert rejection(record, a_partner(active=False)).reason is RejectionReason.PARTNER_INACTIVE


@pytest.mark.parametrize("header", ["ce_id", "ce_source", "ce_type", "ce_time", "ce_specversion", "jws"])
def test_a_missing_header_is_refused(header: str) -> None:
    record = signed(message(involvement(OIN_VT, "anna")))
    headers = {name: value for name, value in record.headers.items() if name != header}
    error = rejection(replace(record, headers=headers))
    assert error.reason in {RejectionReason.HEADERS, RejectionReason.SIGNATURE}
    assert header in str(error)


def test_a_signature_by_another_key_is_refused() -> None:
    record = to_record(message(involvement(OIN_VT, "anna")), key=OTHER_KEY, kid=key_id(KEY))
    assert rejection(record).reason is RejectionReason.SIGNATURE


def test_a_signature_under_an_unknown_key_id_is_refused() -> None:
    record = to_record(message(involvement(OIN_VT, "anna")), key=OTHER_KEY, kid=key_id(OTHER_KEY))
    assert rejection(record).reason is RejectionReason.SIGNATURE


def test_a_signature_with_an_expired_key_is_refused() -> None:
    expired = SigningKey(
        kid=key_id(KEY),
        public_key=public_bytes(KEY),
        valid_from=NOW - timedelta(days=9),
        valid_until=NOW - timedelta(days=1),
    )
    record = signed(message(involvement(OIN_VT, "anna")))
    assert rejection(record, a_partner(signing_keys=(expired,))).reason is RejectionReason.SIGNATURE


def test_a_changed_byte_breaks_the_signature() -> None:
    record = signed(message(involvement(OIN_VT, "anna")))
    changed = record.value.replace(b"frontoffice", b"frontoffics")
    assert changed != record.value
    assert rejection(replace(record, value=changed)).reason is RejectionReason.SIGNATURE


def test_a_partner_cannot_speak_on_another_partners_topic() -> None:
    record = replace(signed(message(involvement(OIN_VT, "anna"))), topic=topic_of(TopicKind.INGRESS, OIN_GGZ))
    assert rejection(record, a_partner(OIN_GGZ)).reason is RejectionReason.ORIGIN


def test_a_partner_cannot_assert_another_partners_involvement() -> None:
    own = signed(message(involvement(OIN_VT, "anna")))

    def claim_for_another(body: dict[str, Any]) -> None:
        for entry in body["entry"]:
            if entry["resource"]["resourceType"] == "EpisodeOfCare":
                entry["resource"]["managingOrganization"]["identifier"]["value"] = OIN_GGZ

    assert rejection(edited(own, claim_for_another)).reason is RejectionReason.ORIGIN


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ce_id", b"0190f0a0-0000-7000-8000-000000000000"),
        ("ce_type", b"nl.verwijsindex.household-asserted.v1"),
    ],
)
def test_headers_that_differ_from_the_signed_body_are_refused(header: str, value: bytes) -> None:
    record = signed(message(involvement(OIN_VT, "anna")))
    error = rejection(replace(record, headers={**record.headers, header: value}))
    assert error.reason is RejectionReason.HEADERS
    assert header in str(error)


def test_an_unknown_event_is_refused() -> None:
    record = signed(message(involvement(OIN_VT, "anna")))
    headers = {**record.headers, "ce_type": b"nl.verwijsindex.involvement-gossiped.v1"}
    assert rejection(replace(record, headers=headers)).reason is RejectionReason.UNKNOWN_EVENT


def test_something_that_is_not_json_is_refused() -> None:
    record = signed(message(involvement(OIN_VT, "anna")))
    value = b"{not json"
    jws = sign(value, key=KEY, kid=key_id(KEY)).encode()
    error = rejection(replace(record, value=value, headers={**record.headers, "jws": jws}))
    assert error.reason is RejectionReason.NOT_JSON


@pytest.mark.parametrize(
    ("element", "content"),
    [
        (
            "text",
            {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{PLANTED}</div>'},
        ),
        ("diagnosis", [{"condition": {"display": PLANTED}}]),
        ("type", [{"text": PLANTED}]),
        ("extension", [{"url": "https://example.org/x", "valueString": PLANTED}]),
        ("contained", [{"resourceType": "Patient", "name": [{"text": PLANTED}]}]),
    ],
)
def test_a_forbidden_element_is_named_and_its_content_is_not(element: str, content: Any) -> None:
    record = signed(message(involvement(OIN_VT, "anna")))

    def add(body: dict[str, Any]) -> None:
        for entry in body["entry"]:
            if entry["resource"]["resourceType"] == "EpisodeOfCare":
                entry["resource"][element] = content

    error = rejection(edited(record, add))
    assert error.reason is RejectionReason.PROFILE
    assert f".{element}" in str(error)
    assert PLANTED not in str(error)


@pytest.mark.parametrize(
    ("fact_message", "path"),
    [
        (message(involvement(OIN_VT, "anna"), recorded_at=NOW + timedelta(hours=1)), "Bundle.timestamp"),
        (message(involvement(OIN_VT, "anna", since=date(2026, 3, 9))), "EpisodeOfCare.period.start"),
        (message(involvement(OIN_VT, "anna", since=date(1012, 1, 1))), "EpisodeOfCare.period.start"),
        (message(involvement(OIN_VT, "anna", phase=Phase.ENDED)), "EpisodeOfCare.period.end"),
        (
            message(involvement(OIN_VT, "anna", phase=Phase.ENDED, until=date(2026, 4, 1))),
            "EpisodeOfCare.period.end",
        ),
        (
            message(
                household(
                    OIN_VT, "anna", members=tuple(HouseholdMember(subject=person("anna")) for _ in "12")
                )
            ),
            "Group.member",
        ),
    ],
)
def test_dates_and_members_that_cannot_be_true_are_refused(fact_message: FactMessage, path: str) -> None:
    error = rejection(signed(fact_message))
    assert error.reason in {RejectionReason.IMPLAUSIBLE, RejectionReason.PROFILE}
    assert path in str(error)


@pytest.mark.parametrize(
    ("decided_by", "until", "is_right"),
    [
        (Decider.AUTHORITY_HOLDERS, None, False),
        (Decider.AUTHORITY_HOLDERS, date(2038, 1, 14), True),
        (Decider.AUTHORITY_HOLDERS, date(2038, 1, 15), False),
        (Decider.SUBJECT_AND_AUTHORITY_HOLDERS, None, False),
        (Decider.SUBJECT_AND_AUTHORITY_HOLDERS, date(2030, 1, 14), True),
        (Decider.SUBJECT_AND_AUTHORITY_HOLDERS, date(2030, 1, 15), False),
        (Decider.SUBJECT, None, True),
        (Decider.SUBJECT, date(2027, 1, 1), True),
    ],
    ids=str,
)
def test_consent_ends_before_somebody_else_decides_at_the_latest(
    decided_by: Decider, until: date | None, is_right: bool
) -> None:
    """Without a birth date: no child of under 12 is that still 12 years on."""
    given = consent(OIN_VT, "anna", holder="ggz", asking="politie", decided_by=decided_by, until=until)
    sent = signed(message(given))
    if is_right:
        assert checked(sent).fact == given
    else:
        assert {each.path for each in rejection(sent).violations} == {"Consent.provision.period.end"}
    # An objection may go on, and what was withdrawn counts for nobody.
    for effect in (ConsentEffect.OBJECT, ConsentEffect.WITHDRAWN):
        assert checked(signed(message(replace(given, effect=effect)))).fact.partner == OIN_VT


def test_consent_of_the_last_year_of_the_calendar_is_refused_like_any_other() -> None:
    far = consent(
        OIN_VT,
        "anna",
        holder="ggz",
        asking="politie",
        decided_by=Decider.AUTHORITY_HOLDERS,
        since=date(9999, 12, 31),
        until=date(9999, 12, 31),
    )
    assert rejection(signed(message(far))).reason is RejectionReason.IMPLAUSIBLE


@pytest.mark.parametrize(
    ("now", "since", "is_right"),
    [
        # Half past eleven in the evening in UTC is half past midnight in the Netherlands, in winter.
        (datetime(2026, 3, 2, 23, 30, tzinfo=UTC), date(2026, 3, 4), True),
        (datetime(2026, 3, 2, 22, 30, tzinfo=UTC), date(2026, 3, 4), False),
        # In summer it is so from ten o'clock on.
        (datetime(2026, 7, 2, 22, 30, tzinfo=UTC), date(2026, 7, 4), True),
        (datetime(2026, 7, 2, 21, 30, tzinfo=UTC), date(2026, 7, 4), False),
    ],
    ids=["winter-midnight", "winter-before", "summer-midnight", "summer-before"],
)
def test_tomorrow_is_the_day_after_today_in_the_netherlands(
    now: datetime, since: date, is_right: bool
) -> None:
    key = replace(a_partner().signing_keys[0], valid_until=now + timedelta(days=1))
    partner = a_partner(signing_keys=(key,))
    record = signed(message(involvement(OIN_VT, "anna", since=since)))
    delivery = Delivery(position=Position(topic=record.topic, partition=0, offset=1), record=record)
    if is_right:
        assert check(delivery, partner, now=now, largest_bytes=65_536).fact.partner == OIN_VT
    else:
        with pytest.raises(MessageRejected, match="future"):
            check(delivery, partner, now=now, largest_bytes=65_536)


def test_noon_is_before_now() -> None:
    """Guards the examples above: their default time must be acceptable."""
    assert NOON < NOW
