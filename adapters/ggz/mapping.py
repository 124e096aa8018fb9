"""From an ADT message to an involvement, or to who is who; pure. One table says what a trigger means (HL7 v2, 3.3)."""

from __future__ import annotations

from datetime import date, tzinfo

from adapters.ggz.message import AdtMessage, Identifier, MergedPatient
from adapters.kit.dates import in_order, not_after, parse_hl7_date
from adapters.kit.model import InvolvementDraft, LeftOut, Mapped, MergeDraft, PersonDraft, WithoutBsn
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
UNLINK = "A37"
"""HL7 v2 has no event that takes a merge back; unlinking the two numbers is what comes nearest."""
CORRECTIONS = frozenset({"A08", "A31"})
"""Updates of the patient: they tell that the BSN of a number was corrected, whoever is admitted."""


def map_message(message: AdtMessage, *, today: date, zone: tzinfo, desk: str) -> Mapped:
    """Return what a message says about an involvement, or about the numbers of a patient.

    Raises:
        WithoutBsn: PID-3 holds no BSN; another number is never taken for one.
        InvalidInput: a field breaks a rule.

    """
    if message.trigger == MERGE:
        return Mapped(drafts=_merges(message))
    if message.trigger == UNLINK:
        return Mapped(undoes=_unlinked(message))
    bsn = _bsn(message)
    if not _is_about_an_involvement(message):
        return Mapped(left_out=LeftOut.EVENT_NOT_REGISTERED, drafts=_corrections(message, bsn))
    if len(message.patients) > 1:
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
                person=_number(message.identifiers),
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


def _is_about_an_involvement(message: AdtMessage) -> bool:
    if message.trigger == UPDATE:
        # An update of a patient who is not known to be admitted says nothing about an involvement.
        return bool(message.admitted)
    return message.trigger in STARTS | CANCELS | {DISCHARGE}


def _corrections(message: AdtMessage, bsn: Bsn) -> tuple[PersonDraft, ...]:
    """An update that registers nobody may still give the patient's number another BSN."""
    number = _number(message.identifiers)
    if message.trigger in CORRECTIONS and number and len(message.patients) == 1:
        return (PersonDraft(person=number, bsn=bsn),)
    return ()


def _bsn(message: AdtMessage) -> Bsn:
    found = _bsn_in(message.identifiers, path="PID-3")
    if found is not None:
        return found
    key = _key_or_empty(message)
    # A cancel takes back what was sent under a number of our own; that needs no BSN.
    raise WithoutBsn("PID-3", key=key, retracts=(key,) if key and message.trigger in CANCELS else ())


def _bsn_in(identifiers: tuple[Identifier, ...], *, path: str) -> Bsn | None:
    for identifier in identifiers:
        if identifier.authority == BSN_AUTHORITY and identifier.type == BSN_TYPE:
            return Bsn(identifier.value, path=path)
    return None


def _merges(message: AdtMessage) -> tuple[MergeDraft, ...]:
    """A40: each MRG-1 was merged into the PID-3 before it, and is the same person from then on.

    A number without a BSN in the message is the person under whose BSN it was sent last.
    """
    if not message.merged:
        raise RecordRejected(Violation("MRG-1", "must hold the number that was merged into another"))
    return tuple(draft for merged in message.merged for draft in _merge(merged))


def _merge(merged: MergedPatient) -> tuple[MergeDraft, ...]:
    old, new = _number(merged.identifiers), _number(merged.surviving)
    old_bsn = _bsn_in(merged.identifiers, path="MRG-1")
    new_bsn = _bsn_in(merged.surviving, path="PID-3")
    if not old and old_bsn is None:
        raise RecordRejected(Violation("MRG-1", "must hold the number that was merged into another"))
    if old == new:
        # The number stays; what was merged, if anything, is the BSN.
        old = ""
    if not old and (old_bsn is None or old_bsn == new_bsn):
        return ()
    key = f"{old or _text(old_bsn)}>{new or _text(new_bsn)}"
    return (MergeDraft(key=key, old=old, new=new, old_bsn=old_bsn, new_bsn=new_bsn),)


def _text(bsn: Bsn | None) -> str:
    """Name a patient without a local number in a key, which leaves as an opaque reference only."""
    return "" if bsn is None else f"bsn:{bsn.reveal()}"


def _unlinked(message: AdtMessage) -> tuple[str, ...]:
    """A37: the two patients are two persons after all, whichever had been merged into the other."""
    numbers = [_number(identifiers) for identifiers in message.patients]
    if len(numbers) != 2 or not all(numbers) or numbers[0] == numbers[1]:
        raise RecordRejected(Violation("PID-3", "must hold the local numbers of the two patients"))
    one, other = numbers
    return f"{one}>{other}", f"{other}>{one}"


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
    return _number(message.identifiers)


def _number(identifiers: tuple[Identifier, ...]) -> str:
    """Return the patient's number at this partner; empty where there is none."""
    local = _local(identifiers)
    return "" if local is None else f"local:{local.value}"


def _local(identifiers: tuple[Identifier, ...]) -> Identifier | None:
    others = [identifier for identifier in identifiers if identifier.type != BSN_TYPE]
    typed = [identifier for identifier in others if identifier.type == LOCAL_TYPE]
    return next(iter(typed or others), None)
