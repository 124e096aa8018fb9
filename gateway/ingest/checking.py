"""Decide whether a record from the bus is a partner's own, well-formed and plausible message. Pure.

The topic, the signing key, the `ce_source` header, `MessageHeader.source` and `managingOrganization` must name
one and the same OIN: a partner can speak for itself only.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from gateway.bus.ports import Delivery
from gateway.bus.topics import oin_of_topic
from gateway.clock import CLOCK_TOLERANCE, day_of
from gateway.domain import ConsentFact, FactMessage, HouseholdFact, InvolvementFact, Oin, Partner, Phase
from gateway.domain.consenting import end_fault
from gateway.errors import MessageRejected, RejectionReason, Violation
from gateway.messages.cloudevents import Envelope, read_headers
from gateway.messages.parse import parse_bundle
from gateway.messages.signing import verify

EARLIEST_DATE = date(1900, 1, 1)
"""Nothing an index of the living holds began before; an earlier date is a slip (0001-01-01, 1012 for 2012)."""


def check(delivery: Delivery, partner: Partner | None, *, now: datetime, largest_bytes: int) -> FactMessage:
    """Return the message in a delivery after every check, in this order.

    Raises:
        MessageRejected: the first check that fails; its violations name paths and rules, never values.

    """
    record = delivery.record
    # 1. Size, before anything reads the value.
    if len(record.value) > largest_bytes:
        raise _rejected(RejectionReason.TOO_LARGE, "value", f"must be at most {largest_bytes} bytes")
    # 2. The partner whose topic it is.
    oin = oin_of_topic(record.topic)
    known = _known(partner)
    # 3. The CloudEvents headers, and the source in them.
    envelope = read_headers(record.headers)
    _same_oin(envelope.id.source, oin, "headers.ce_source")
    # 4. The signature, over the bytes as they came, with a key that counts now.
    verify(record.value, envelope.jws, find_key=lambda kid: _public_key(known, kid, now))
    # 5. The body: closed profile, then the fact in it.
    message = parse_bundle(record.value)
    # 6. The headers say what the signed body says.
    _agrees(message, envelope, oin)
    # 7. The dates can be true.
    _plausible(message, now)
    return message


def _known(partner: Partner | None) -> Partner:
    if partner is None:
        raise _rejected(RejectionReason.UNKNOWN_PARTNER, "topic", "must belong to a partner of this index")
    if not partner.active:
        raise _rejected(RejectionReason.PARTNER_INACTIVE, "topic", "the partner is switched off")
    return partner


def _public_key(partner: Partner, kid: str, now: datetime) -> bytes | None:
    key = partner.signing_key(kid, now)
    return None if key is None else key.public_key


def _agrees(message: FactMessage, envelope: Envelope, oin: Oin) -> None:
    _same_oin(message.id.source, oin, "MessageHeader.source.endpoint")
    _same_oin(message.fact.partner, oin, "managingOrganization")
    if message.id != envelope.id:
        raise _rejected(RejectionReason.HEADERS, "headers.ce_id", "must be the id of the signed Bundle")
    if message.event is not envelope.event:
        raise _rejected(
            RejectionReason.HEADERS, "headers.ce_type", "must be the event of the signed MessageHeader"
        )


def _same_oin(found: Oin, expected: Oin, path: str) -> None:
    if found != expected:
        raise _rejected(RejectionReason.ORIGIN, path, "must name the partner whose topic it is")


def _plausible(message: FactMessage, now: datetime) -> None:
    broken = [Violation(path, rule) for path, rule, holds in _date_rules(message, now) if not holds]
    if broken:
        raise MessageRejected(RejectionReason.IMPLAUSIBLE, broken)


def _date_rules(message: FactMessage, now: datetime) -> list[tuple[str, str, bool]]:
    # A Dutch day, like those of the facts: late in the evening it is tomorrow there before it is in UTC.
    tomorrow = day_of(now) + timedelta(days=1)
    rules = [("Bundle.timestamp", "must not be in the future", message.recorded_at <= now + CLOCK_TOLERANCE)]
    match message.fact:
        case InvolvementFact(since=since, until=until, phase=phase):
            ended = phase is Phase.ENDED
            rules += [
                ("EpisodeOfCare.period.start", "must not be in the future", since <= tomorrow),
                ("EpisodeOfCare.period.start", "must not be before 1900", since >= EARLIEST_DATE),
                ("EpisodeOfCare.period.end", "must be given when it ended", not ended or until is not None),
                (
                    "EpisodeOfCare.period.end",
                    "must not be in the future when it ended",
                    not ended or until is None or until <= tomorrow,
                ),
            ]
        case HouseholdFact(members=members):
            persons = {member.subject for member in members}
            rules.append(("Group.member", "must name a person once", len(persons) == len(members)))
        case ConsentFact(since=since) as consent:
            fault = end_fault(consent)
            rules += [
                ("Consent.provision.period.start", "must not be in the future", since <= tomorrow),
                ("Consent.provision.period.end", fault or "", fault is None),
            ]
    return rules


def _rejected(reason: RejectionReason, path: str, rule: str) -> MessageRejected:
    return MessageRejected(reason, Violation(path, rule))
