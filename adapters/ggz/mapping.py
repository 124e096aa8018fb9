"""From an ADT message to an involvement; pure. Which trigger means what stands in one table (HL7 v2, chapter 3)."""

from __future__ import annotations

from datetime import date, tzinfo

from adapters.ggz.message import AdtMessage, Identifier
from adapters.kit.dates import in_order, not_after, parse_hl7_date
from adapters.kit.model import InvolvementDraft, LeftOut, Mapped, WithoutBsn
from gateway.domain import Bsn, Phase, SecrecyClass
from gateway.errors import RecordRejected, Violation

BSN_AUTHORITY = "NLMINBIZA"
BSN_TYPE = "NNNLD"
LOCAL_TYPE = "PI"

STARTS = frozenset({"A01", "A04"})
"""Admit, register an outpatient."""
UPDATES = frozenset({"A08", "A13"})
"""Update; cancel discharge: the involvement goes on."""
DISCHARGE = "A03"
CANCELS = frozenset({"A11", "A38"})
"""Cancel admit, cancel pre-admit: it never was."""
MERGE = "A40"


def map_message(message: AdtMessage, *, today: date, zone: tzinfo, desk: str) -> Mapped:
    """Return what a message says about an involvement.

    Raises:
        WithoutBsn: PID-3 holds no BSN; another number is never taken for one.
        InvalidInput: a field breaks a rule.

    """
    if message.type != "ADT":
        return Mapped(left_out=LeftOut.EVENT_NOT_REGISTERED)
    bsn = _bsn(message)
    if message.trigger == MERGE:
        return _merge(message)
    if message.trigger not in STARTS | UPDATES | CANCELS | {DISCHARGE}:
        return Mapped(left_out=LeftOut.EVENT_NOT_REGISTERED)
    if message.trigger == "A08" and not message.admitted:
        # An update of a patient who is not known to be admitted says nothing about an involvement.
        return Mapped(left_out=LeftOut.EVENT_NOT_REGISTERED)
    since = _since(message, today, zone)
    until = _until(message, since, zone)
    phase = _phase(message, until, today)
    if phase is Phase.ENDED and until is not None:
        not_after(until, today, path="PV1-45")
    return Mapped(
        drafts=(
            InvolvementDraft(
                key=_key(message),
                bsn=bsn,
                phase=phase,
                since=since,
                until=None if phase is Phase.RETRACTED else until,
                desk=desk,
                secrecy=SecrecyClass.RESTRICTED,
                shielded=message.visit_protected or message.person_protected,
            ),
        )
    )


def _bsn(message: AdtMessage) -> Bsn:
    for identifier in message.identifiers:
        if identifier.authority == BSN_AUTHORITY and identifier.type == BSN_TYPE:
            return Bsn(identifier.value, path="PID-3")
    raise WithoutBsn("PID-3", key=_key_or_empty(message))


def _merge(message: AdtMessage) -> Mapped:
    """A40: what was known under the merged local number was the surviving patient's, who is known already."""
    merged = _local(message.merged)
    if merged is None:
        raise RecordRejected(Violation("MRG-1", "must hold the local number that was merged"))
    return Mapped(retracts=(f"local:{merged.value}",))


def _phase(message: AdtMessage, until: date | None, today: date) -> Phase:
    if message.trigger in CANCELS:
        return Phase.RETRACTED
    if message.trigger == DISCHARGE or (until is not None and until <= today):
        return Phase.ENDED
    return Phase.ACTIVE


def _since(message: AdtMessage, today: date, zone: tzinfo) -> date:
    """PV1-44 admit date; without it the day of the event."""
    path, text = ("PV1-44", message.admitted) if message.admitted else ("EVN-2", message.recorded)
    if not text:
        raise RecordRejected(Violation("EVN-2", "is required where PV1-44 is empty"))
    return not_after(parse_hl7_date(text, path=path, zone=zone), today, path=path)


def _until(message: AdtMessage, since: date, zone: tzinfo) -> date | None:
    """PV1-45 discharge date; for a discharge without it the day of the event. A cancelled one has none."""
    if message.trigger == "A13":
        return None
    text = message.discharged or (message.recorded if message.trigger == DISCHARGE else "")
    if not text:
        if message.trigger == DISCHARGE:
            raise RecordRejected(Violation("PV1-45", "is required where EVN-2 is empty"))
        return None
    until = parse_hl7_date(text, path="PV1-45", zone=zone)
    in_order(since, until, path="PV1-45")
    return until


def _key(message: AdtMessage) -> str:
    key = _key_or_empty(message)
    if not key:
        raise RecordRejected(Violation("PID-3", "must hold a local number (CX.5 PI) where PV1-19 is empty"))
    return key


def _key_or_empty(message: AdtMessage) -> str:
    """The visit number names an episode whatever becomes of the patient's numbers; else the local number does."""
    if message.visit:
        return f"visit:{message.visit}"
    local = _local(message.identifiers)
    return "" if local is None else f"local:{local.value}"


def _local(identifiers: tuple[Identifier, ...]) -> Identifier | None:
    others = [identifier for identifier in identifiers if identifier.type != BSN_TYPE]
    typed = [identifier for identifier in others if identifier.type == LOCAL_TYPE]
    return next(iter(typed or others), None)
