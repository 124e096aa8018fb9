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

STARTS = frozenset({"A01", "A04", "A13"})
"""Admit, register an outpatient; cancel discharge: the involvement goes on."""
UPDATE = "A08"
"""An update may come long after the discharge, for a new address: it never reopens what ended."""
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
    bsn = _bsn(message)
    if message.trigger == MERGE:
        return _merge(message)
    if message.trigger not in STARTS | CANCELS | {UPDATE, DISCHARGE}:
        return Mapped(left_out=LeftOut.EVENT_NOT_REGISTERED)
    if message.trigger == UPDATE and not message.admitted:
        # An update of a patient who is not known to be admitted says nothing about an involvement.
        return Mapped(left_out=LeftOut.EVENT_NOT_REGISTERED)
    if message.patients > 1:
        raise RecordRejected(Violation("PID", "must occur once in an event about one patient"))
    until = _until(message, zone)
    since = _since(message, until, today, zone)
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
                reopens=message.trigger != UPDATE,
            ),
        )
    )


def _bsn(message: AdtMessage) -> Bsn:
    for identifier in message.identifiers:
        if identifier.authority == BSN_AUTHORITY and identifier.type == BSN_TYPE:
            return Bsn(identifier.value, path="PID-3")
    key = _key_or_empty(message)
    # A cancel or a merge takes back what was sent under a number of our own; that needs no BSN.
    cancelled = (key,) if key and message.trigger in CANCELS else ()
    merged = _merged(message) if message.trigger == MERGE else ()
    raise WithoutBsn("PID-3", key=key, retracts=(*cancelled, *merged))


def _merge(message: AdtMessage) -> Mapped:
    """A40: what was known under the merged local number was the surviving patient's, who is known already."""
    merged = _merged(message)
    if not merged:
        raise RecordRejected(Violation("MRG-1", "must hold the local number that was merged into another"))
    return Mapped(retracts=merged)


def _merged(message: AdtMessage) -> tuple[str, ...]:
    """Return the keys that no longer stand: one for each MRG segment, and never the surviving number's own."""
    found = (_local(identifiers) for identifiers in message.merged)
    local = _local(message.identifiers)
    surviving = "" if local is None else local.value
    return tuple(f"local:{old.value}" for old in found if old is not None and old.value != surviving)


def _phase(message: AdtMessage, until: date | None, today: date) -> Phase:
    if message.trigger in CANCELS:
        return Phase.RETRACTED
    if message.trigger == DISCHARGE or (until is not None and until <= today):
        return Phase.ENDED
    return Phase.ACTIVE


def _since(message: AdtMessage, until: date | None, today: date, zone: tzinfo) -> date:
    """PV1-44 admit date; without it the day of the event, or of a discharge that was recorded later."""
    path = "PV1-44" if message.admitted else message.recorded_path
    text = message.admitted or message.recorded
    if not text:
        raise RecordRejected(Violation("EVN-2", "is required where PV1-44 and MSH-7 are empty"))
    since = not_after(parse_hl7_date(text, path=path, zone=zone), today, path=path)
    if message.admitted:
        in_order(since, until, path="PV1-45")
        return since
    return since if until is None else min(since, until)


def _until(message: AdtMessage, zone: tzinfo) -> date | None:
    """PV1-45 discharge date; for a discharge without it the day of the event. A cancelled one has none."""
    if message.trigger == "A13":
        return None
    if message.discharged:
        return parse_hl7_date(message.discharged, path="PV1-45", zone=zone)
    if message.trigger != DISCHARGE:
        return None
    if not message.recorded:
        raise RecordRejected(Violation("PV1-45", "is required where EVN-2 and MSH-7 are empty"))
    return parse_hl7_date(message.recorded, path=message.recorded_path, zone=zone)


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
