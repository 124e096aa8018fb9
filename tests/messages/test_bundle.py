"""Messages are built to the byte, read back whole, and refused for anything beside the profile."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import (
    ConsentFact,
    Decider,
    Fact,
    FactMessage,
    HouseholdFact,
    HouseholdMember,
    InvolvementFact,
    MergeFact,
    MessageId,
    Phase,
    Pseudonym,
    Reference,
    SecrecyClass,
    Subject,
)
from gateway.errors import MessageRejected, RejectionReason
from gateway.messages import codes
from gateway.messages.build import build_bundle, build_statement
from gateway.messages.parse import parse_bundle
from gateway.messages.profile import CONSENT_STATEMENT, MOST_VIOLATIONS
from gateway.messages.schema import violations
from tests.messages.vectors import FOLDER, INVALID, PLANTED, VALID, files, reason_of
from tests.support.facts import OIN_VT, consent, event_of, household, involvement, merge, message, person

persons = st.lists(
    st.builds(Pseudonym, st.binary(min_size=32, max_size=32), epoch=st.integers(1, 9999)),
    min_size=1,
    max_size=2,
    unique_by=lambda pseudonym: pseudonym.epoch,
).map(lambda pseudonyms: Subject(*pseudonyms))
days = st.dates(date(1900, 1, 1), date(2100, 1, 1))
references = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,63}", fullmatch=True).map(Reference)
desks = st.from_regex(r"[a-z][a-z0-9]{0,10}(-[a-z0-9]{1,5})?", fullmatch=True)
zones = st.just(UTC) | st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
moments = st.datetimes(timezones=zones).filter(lambda at: 1970 < at.year < 9000)


@st.composite
def involvements(draw: st.DrawFn) -> InvolvementFact:
    since = draw(days)
    return involvement(
        OIN_VT,
        "x",
        reference=draw(references),
        subject=draw(persons),
        phase=draw(st.sampled_from(Phase)),
        since=since,
        until=draw(st.none() | st.dates(since, date(2101, 1, 1))),
        desk=draw(desks),
        secrecy=draw(st.sampled_from(SecrecyClass)),
        shielded=draw(st.booleans()),
    )


@st.composite
def households(draw: st.DrawFn) -> HouseholdFact:
    members = draw(st.lists(persons, max_size=6, unique=True))
    roles = st.none() | st.sampled_from(sorted(codes.HOUSEHOLD_ROLES))
    return household(
        OIN_VT,
        reference=draw(references),
        members=tuple(
            HouseholdMember(
                subject=person,
                role=draw(roles),
                since=draw(st.none() | days),
                until=draw(st.none() | st.dates(date(2100, 1, 1), date(2101, 1, 1))),
            )
            for person in members
        ),
        suppressed=draw(st.booleans()),
    )


@st.composite
def consents(draw: st.DrawFn) -> ConsentFact:
    kinds = st.frozensets(st.sampled_from(["ggz", "politie", "huisarts"]), min_size=1)
    organisations = st.frozensets(st.from_regex(r"\d{20}", fullmatch=True).filter(str.isascii), max_size=3)
    return consent(
        OIN_VT,
        "x",
        holder="ggz",
        asking="politie",
        reference=draw(references),
        subject=draw(persons),
        effect=draw(st.sampled_from(list(codes.EFFECT_OF_EVENT.values()))),
        decided_by=draw(st.sampled_from(Decider)),
        holder_kinds=draw(kinds),
        asking_kinds=draw(kinds),
        holders=draw(organisations),
        askers=draw(organisations),
        purposes=draw(st.frozensets(st.sampled_from(sorted(codes.PURPOSES)), min_size=1)),
        since=draw(days),
        until=draw(st.none() | st.dates(date(2100, 1, 1), date(2101, 1, 1))),
    )


@st.composite
def merges(draw: st.DrawFn) -> MergeFact:
    old = draw(persons)
    new = draw(persons.filter(lambda other: not other.is_same_person(old)))
    return merge(OIN_VT, "", "", reference=draw(references), old=old, new=new, undone=draw(st.booleans()))


@given(fact=involvements() | households() | consents() | merges(), recorded_at=moments)
def test_what_is_built_reads_back_as_the_same_message(fact: Fact, recorded_at: datetime) -> None:
    sent = FactMessage(
        id=MessageId(OIN_VT, "019a0000-0000-7000-8000-000000000001"),
        event=event_of(fact),
        recorded_at=recorded_at,
        fact=fact,
    )
    value = build_bundle(sent)
    assert parse_bundle(value) == sent
    assert build_bundle(sent) == value


@pytest.mark.parametrize("name", sorted(VALID))
def test_a_golden_message_is_built_to_the_byte(name: str) -> None:
    golden = (FOLDER / "valid" / f"{name}.json").read_bytes()
    assert build_bundle(VALID[name]) + b"\n" == golden
    assert parse_bundle(golden) == VALID[name]


@pytest.mark.parametrize("name", sorted(INVALID))
def test_an_invalid_message_is_refused_at_its_path_without_its_text(name: str) -> None:
    with pytest.raises(MessageRejected) as caught:
        parse_bundle((FOLDER / "invalid" / f"{name}.json").read_bytes())
    assert caught.value.reason is reason_of(name)
    assert INVALID[name][2] in {violation.path for violation in caught.value.violations}
    for text in (PLANTED, "planted-text", "gossiped", "999993653"):
        assert text not in str(caught.value)


def test_the_files_are_what_the_vectors_give_and_there_is_no_other() -> None:
    """Run `python -m tests.messages.vectors` after a deliberate change of the profile."""
    assert {path: path.read_bytes() for path in FOLDER.rglob("*.json")} == files()


def test_equal_messages_have_equal_bytes_whatever_zone_their_time_came_in() -> None:
    noon = message(involvement(OIN_VT, "anna"))
    elsewhere = replace(noon, recorded_at=noon.recorded_at.astimezone(timezone(timedelta(hours=5))))
    assert elsewhere == noon
    assert build_bundle(elsewhere) == build_bundle(noon)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b'{"resourceType":"Bundle","resourceType":"Bundle"}',
        b'{"resourceType": "Bundle", "meta": {"a": 1, "\\u0061": 1}}',
        b'{"a":NaN}',
        b"[" * 300 + b"]" * 300,
        b"[" * 100_000,
    ],
    ids=["empty", "not-utf8", "truncated", "name-twice", "name-twice-escaped", "nan", "deep", "too-deep"],
)
def test_what_is_no_json_is_refused(value: bytes) -> None:
    with pytest.raises(MessageRejected) as caught:
        parse_bundle(value)
    assert caught.value.reason is RejectionReason.NOT_JSON


def test_the_layout_of_the_json_does_not_matter() -> None:
    sent = message(household(OIN_VT, "anna", "bram"))
    assert parse_bundle(json.dumps(orjson.loads(build_bundle(sent)), indent=2).encode()) == sent


def test_an_element_name_that_carries_text_is_not_repeated() -> None:
    body = orjson.loads(build_bundle(message(involvement(OIN_VT, "anna"))))
    body[PLANTED] = 1
    with pytest.raises(MessageRejected) as caught:
        parse_bundle(orjson.dumps(body))
    assert PLANTED not in str(caught.value)


def test_a_receipt_names_a_bounded_number_of_violations() -> None:
    body = orjson.loads(build_bundle(message(involvement(OIN_VT, "anna"))))
    body |= {f"element{chr(97 + n // 26)}{chr(97 + n % 26)}": n for n in range(200)}
    with pytest.raises(MessageRejected) as caught:
        parse_bundle(orjson.dumps(body))
    assert len(caught.value.violations) == MOST_VIOLATIONS


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T12:00:00Z"]
)
def test_a_moment_that_no_calendar_has_is_refused_at_its_place(moment: str) -> None:
    body = orjson.loads(build_bundle(message(involvement(OIN_VT, "anna"))))
    body["timestamp"] = moment
    with pytest.raises(MessageRejected) as caught:
        parse_bundle(orjson.dumps(body))
    assert [violation.path for violation in caught.value.violations] == ["Bundle.timestamp"]


def test_an_entry_nobody_refers_to_is_refused() -> None:
    body = orjson.loads(build_bundle(message(involvement(OIN_VT, "anna"))))
    stray = orjson.loads(orjson.dumps(body["entry"][2]))
    stray["fullUrl"] = "urn:uuid:019a0000-0000-7000-8000-0000000000ff"
    body["entry"].append(stray)
    with pytest.raises(MessageRejected, match="not reachable"):
        parse_bundle(orjson.dumps(body))


def test_an_event_that_does_not_fit_the_fact_is_refused() -> None:
    body = orjson.loads(build_bundle(message(involvement(OIN_VT, "anna"))))
    body["entry"][0]["resource"]["eventCoding"]["code"] = "involvement-ended"
    with pytest.raises(MessageRejected, match="does not fit"):
        parse_bundle(orjson.dumps(body))


def test_a_patient_that_replaces_another_stands_for_no_person() -> None:
    body = orjson.loads(build_bundle(VALID["involvement-started"]))
    body["entry"][2]["resource"] = orjson.loads(build_bundle(VALID["subject-merged"]))["entry"][1]["resource"]
    with pytest.raises(MessageRejected) as caught:
        parse_bundle(orjson.dumps(body))
    assert [each.path for each in caught.value.violations] == ["Bundle.entry[1].resource.patient"]


def test_an_ordinary_patient_is_no_merge() -> None:
    body = orjson.loads(build_bundle(VALID["subject-merged"]))
    body["entry"][0]["resource"]["focus"][0]["reference"] = body["entry"][2]["fullUrl"]
    with pytest.raises(MessageRejected) as caught:
        parse_bundle(orjson.dumps(body))
    assert [each.path for each in caught.value.violations] == ["Bundle.entry[0].resource.focus[0]"]


def test_a_statement_on_its_own_names_the_person_by_the_newest_pseudonym_and_passes_its_table() -> None:
    fact = VALID["consent-given-to-organisations"].fact
    assert isinstance(fact, ConsentFact)
    built = orjson.loads(build_statement(fact, person("bram", 2, 1)))
    assert list(violations(built, CONSENT_STATEMENT, "Consent")) == []
    assert built["patient"]["identifier"]["value"] == person("bram", 2).pseudonyms[0].text()
    in_message = orjson.loads(build_bundle(VALID["consent-given-to-organisations"]))["entry"][1]["resource"]
    apart = {"meta", "patient"}
    assert {name: value for name, value in built.items() if name not in apart} == {
        name: value for name, value in in_message.items() if name not in apart
    }


def test_a_statement_on_its_own_is_no_message() -> None:
    fact = VALID["consent-given"].fact
    assert isinstance(fact, ConsentFact)
    body = orjson.loads(build_bundle(VALID["consent-given"]))
    body["entry"][1]["resource"] = orjson.loads(build_statement(fact, person("bram")))
    with pytest.raises(MessageRejected):
        parse_bundle(orjson.dumps(body))


def test_a_merge_names_its_reference_once() -> None:
    body = orjson.loads(build_bundle(VALID["subject-merge-undone"]))
    identifiers = body["entry"][1]["resource"]["identifier"]
    identifiers.append(identifiers[0] | {"value": "another-reference"})
    with pytest.raises(MessageRejected, match="must hold the reference of the merge once"):
        parse_bundle(orjson.dumps(body))
