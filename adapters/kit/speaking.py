"""Facts become messages: compared with what was said before, built, signed and queued in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from uuid_utils.compat import uuid7

from adapters.kit.facts import FactMaker, Statement
from adapters.kit.keys import ReferenceKind, keyed_digest, opaque_reference
from adapters.kit.mapping import (
    ConsentUnit,
    HouseholdUnit,
    InvolvementUnit,
    MergeUnit,
    PersonUnit,
    RetractionUnit,
    UndoUnit,
    Unit,
)
from adapters.kit.merging import Merging
from adapters.kit.outbox import queue
from adapters.kit.persons import Persons
from adapters.kit.renewing import Renewing
from adapters.kit.state import (
    LastSaid,
    StateFile,
    keep_involvement,
    kept_involvement,
    last_said,
    remember,
    see,
    was_seen,
)
from gateway.domain import (
    Bsn,
    ConsentEffect,
    ConsentFact,
    Event,
    Fact,
    FactMessage,
    HouseholdFact,
    HouseholdMember,
    InvolvementFact,
    MergeFact,
    MessageId,
    Phase,
    Subject,
)
from gateway.messages.records import to_record

_EVENT_OF_CONSENT = {
    ConsentEffect.PERMIT: Event.CONSENT_GIVEN,
    ConsentEffect.OBJECT: Event.CONSENT_OBJECTED,
    ConsentEffect.WITHDRAWN: Event.CONSENT_WITHDRAWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """The partner's signing key and the id by which the index knows it."""

    key: Ed25519PrivateKey = field(repr=False)
    kid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of some units: the records for which a message was queued, and the ids of the messages.

    `unsaid` are records of which something could not be said, with the reason.
    """

    records: Set[int]
    message_ids: Sequence[str]
    unsaid: Sequence[tuple[int, str]] = ()


class Speaker:
    """Queues messages for what is new, and only for that."""

    def __init__(self, file: StateFile, maker: FactMaker, signing: Signing) -> None:
        self._file = file
        self._maker = maker
        self._signing = signing

    def say(
        self,
        units: Sequence[Unit],
        subjects: Mapping[Bsn, Subject],
        *,
        now: datetime,
        epochs: Set[int] = frozenset(),
    ) -> Said:
        """Queue a message for every unit that is new or changed; state and outbox change together or not.

        `subjects` holds the pseudonyms of every person of the units. `now` is the time of records that have none
        of their own. `epochs` are those in use; none where that is not known.

        Raises:
            StoreUnavailable: nothing was queued.

        """
        records: set[int] = set()
        message_ids: list[str] = []
        unsaid: list[tuple[int, str]] = []
        with self._file.transaction() as connection:
            renewing = Renewing(connection, self._maker, now=now, epochs=epochs)
            for statement in renewing.renew(subjects.items()):
                said = self._tell(connection, statement, now)
                message_ids += [] if said is None else [said[0]]
            for unit in units:
                merging = Merging(connection, self._maker, subjects=subjects, now=now, epochs=epochs)
                for statement in self._statements(connection, unit, subjects, merging):
                    said = self._tell(connection, statement, now)
                    if said is not None:
                        message_ids.append(said[0])
                        records.update(self._records_behind(unit, statement.fact, subjects, said[1]))
                if merging.problem:
                    unsaid += [(record, merging.problem) for record in unit.records]
        return Said(records=records, message_ids=message_ids, unsaid=unsaid)

    def concerns(self, unit: Unit, others: Sequence[Unit], epochs: Set[int] = frozenset()) -> bool:
        """Tell whether a unit can lead to a message, before anybody's pseudonym is asked for.

        Whose BSN is as it was needs none, unless one of these epochs is new for the person, or the index refused
        what was said of a merge. Nor does who was in nothing that was sent and is in none of the others.
        """
        if not isinstance(unit, PersonUnit):
            return True
        with self._file.transaction() as connection:
            persons = Persons(connection, self._maker.reference_key)
            mark, known = persons.mark(unit.draft.bsn), persons.known(unit.draft.person)
            if known is not None and known.bsn != mark:
                return True
            if persons.lacks(mark, epochs) or persons.has_refused_merge(mark):
                return True
        return any(_tells_otherwise(other, unit) for other in others)

    def _statements(
        self,
        connection: sqlite3.Connection,
        unit: Unit,
        subjects: Mapping[Bsn, Subject],
        merging: Merging,
    ) -> Sequence[Statement]:
        """Return what a unit says, in the order in which it is to be said."""
        match unit:
            case PersonUnit(draft=draft):
                known = Persons(connection, self._maker.reference_key).known(draft.person)
                return [] if known is None else merging.told(draft.person, draft.bsn, unit.recorded_at)
            case MergeUnit():
                return merging.merged(unit)
            case UndoUnit():
                return merging.undone(unit)
            case InvolvementUnit(draft=draft):
                fact = self._maker.involvement(draft, subjects[draft.bsn])
                corrected = []
                if draft.person:
                    corrected = merging.told(draft.person, draft.bsn, unit.recorded_at)
                    merging.note(fact.reference, draft.person)
                said = Statement(fact=fact, recorded_at=unit.recorded_at, reopens=draft.reopens)
                return [*corrected, said]
            case _:
                found = self._fact(connection, unit, subjects)
                return [] if found is None else [Statement(fact=found, recorded_at=unit.recorded_at)]

    def _tell(
        self, connection: sqlite3.Connection, statement: Statement, now: datetime
    ) -> tuple[str, LastSaid | None] | None:
        """Queue a statement that is new; return the message's id and what was said before, None for an old one."""
        fact = statement.fact
        last = last_said(connection, fact.reference)
        if _is_update_of_what_is_over(statement, last):
            return None
        digest, moment = self._digests(fact, statement.recorded_at if statement.is_change else None)
        if last is not None and last.digest == digest:
            return None
        if moment is not None and was_seen(connection, moment):
            return None
        recorded_at = statement.recorded_at or now
        message_id = self._queue(connection, fact, last, recorded_at)
        if moment is not None:
            see(connection, moment, message_id)
        # A record that comes late is sent as such, and is not the last word; one that was refused said nothing.
        if last is None or not last.digest or recorded_at >= last.recorded_at:
            kept = self._kept(fact) if statement.kept is None else dict(statement.kept)
            said = LastSaid(digest=digest, recorded_at=recorded_at, message_id=message_id, kept=kept)
            remember(connection, fact.reference, said)
        return message_id, last

    def _digests(self, fact: Fact, recorded_at: datetime | None) -> tuple[bytes, bytes | None]:
        """Return the digest of what the fact says and, where the source dates its changes, of this change."""
        key, content = self._maker.reference_key, orjson.dumps(_plain(fact), option=orjson.OPT_SORT_KEYS)
        digest = keyed_digest(key, f"fact {fact.reference}", content)
        if recorded_at is None:
            return digest, None
        stamped = recorded_at.astimezone(UTC).isoformat().encode() + content
        return digest, keyed_digest(key, f"change {fact.reference}", stamped)

    def _fact(
        self,
        connection: sqlite3.Connection,
        unit: ConsentUnit | HouseholdUnit | RetractionUnit,
        subjects: Mapping[Bsn, Subject],
    ) -> Fact | None:
        match unit:
            case ConsentUnit():
                return self._maker.consent(unit.draft, subjects[unit.draft.bsn])
            case HouseholdUnit():
                return self._maker.household(unit, subjects)
            case RetractionUnit():
                return self._retraction(connection, unit)

    def _retraction(self, connection: sqlite3.Connection, unit: RetractionUnit) -> InvolvementFact | None:
        """Return the retraction of what was sent under the key; None where nothing stands under it."""
        reference = opaque_reference(self._maker.reference_key, ReferenceKind.INVOLVEMENT, unit.key)
        last = last_said(connection, reference)
        if last is None:
            return None
        stands = kept_involvement(last.kept, partner=self._maker.partner, reference=reference)
        return replace(stands, phase=Phase.RETRACTED)

    def _queue(
        self, connection: sqlite3.Connection, fact: Fact, last: LastSaid | None, recorded_at: datetime
    ) -> str:
        message = FactMessage(
            id=MessageId(fact.partner, str(uuid7())),
            event=event_of(fact, last),
            recorded_at=recorded_at,
            fact=fact,
        )
        record = to_record(message, key=self._signing.key, kid=self._signing.kid)
        queue(connection, record, message_id=message.id.id, reference=fact.reference)
        return message.id.id

    def _kept(self, fact: Fact) -> dict[str, Any]:
        match fact:
            case InvolvementFact():
                return keep_involvement(fact)
            case HouseholdFact():
                return {"members": [self._member_mark(fact, member) for member in fact.members]}
            case _:
                return {}

    def _member_mark(self, fact: HouseholdFact, member: HouseholdMember) -> str:
        # Keyed with the household, so that two households of the file do not show that they share a person.
        content = orjson.dumps(_plain_member(member), option=orjson.OPT_SORT_KEYS)
        return keyed_digest(self._maker.reference_key, f"member {fact.reference}", content).hex()

    def _records_behind(
        self, unit: Unit, fact: Fact, subjects: Mapping[Bsn, Subject], last: LastSaid | None
    ) -> Set[int]:
        """Return the records that made the message necessary: of a household, those whose member is new."""
        if isinstance(unit, HouseholdUnit) and isinstance(fact, HouseholdFact) and last is not None:
            known = set(last.kept["members"])
            new = {m.subject for m in fact.members if self._member_mark(fact, m) not in known}
            behind = {
                record
                for record, membership in zip(unit.records, unit.memberships, strict=True)
                if subjects[membership.bsn] in new
            }
            return behind or set(unit.records)
        return set(unit.records)


def _tells_otherwise(other: Unit, unit: PersonUnit) -> bool:
    """Tell whether the other unit may change who the unit's number is known to be."""
    match other:
        case InvolvementUnit(draft=draft) | PersonUnit(draft=draft):
            return draft.person == unit.draft.person and draft.bsn != unit.draft.bsn
        case MergeUnit(draft=draft):
            return unit.draft.person in {draft.old, draft.new}
        case _:
            return False


def _is_update_of_what_is_over(statement: Statement, last: LastSaid | None) -> bool:
    """Tell whether a mere update would bring back what was said to be ended or retracted."""
    fact = statement.fact
    if last is None or statement.reopens or not isinstance(fact, InvolvementFact):
        return False
    over = {Phase.ENDED.value, Phase.RETRACTED.value}
    return last.kept["phase"] in over and fact.phase.value not in over


def event_of(fact: Fact, last: LastSaid | None) -> Event:
    """Return the event that says what happened since the last fact under the same reference."""
    match fact:
        case HouseholdFact():
            return Event.HOUSEHOLD_ASSERTED
        case ConsentFact():
            return _EVENT_OF_CONSENT[fact.effect]
        case MergeFact(undone=undone):
            return Event.SUBJECT_MERGE_UNDONE if undone else Event.SUBJECT_MERGED
        case InvolvementFact(phase=Phase.ENDED):
            return Event.INVOLVEMENT_ENDED
        case InvolvementFact(phase=Phase.RETRACTED):
            return Event.INVOLVEMENT_RETRACTED
        case _:
            is_first = last is None or last.kept["phase"] == Phase.RETRACTED.value
            return Event.INVOLVEMENT_STARTED if is_first else Event.INVOLVEMENT_UPDATED


def _plain(fact: Fact) -> dict[str, Any]:
    match fact:
        case InvolvementFact():
            return keep_involvement(fact) | {"subject": _newest(fact.subject)}
        case HouseholdFact():
            return {
                "suppressed": fact.suppressed,
                "members": [_plain_member(member) for member in fact.members],
            }
        case ConsentFact():
            return {
                "subject": _newest(fact.subject),
                "effect": fact.effect.value,
                "decided_by": fact.decided_by.value,
                "scopes": [sorted(fact.holder_kinds), sorted(fact.asking_kinds), sorted(fact.purposes)],
                "since": fact.since,
                "until": fact.until,
                # Only where there are any: what was said before organisations could be named is not new by that.
                **({"holders": sorted(fact.holders)} if fact.holders else {}),
                **({"askers": sorted(fact.askers)} if fact.askers else {}),
            }
        case MergeFact():
            return {"old": _newest(fact.old), "new": _newest(fact.new), "undone": fact.undone}


def _plain_member(member: HouseholdMember) -> dict[str, Any]:
    return {
        "subject": _newest(member.subject),
        "role": member.role,
        "since": member.since,
        "until": member.until,
    }


def _newest(subject: Subject) -> str:
    """Return what tells whether a fact is about the same person as before.

    The newest epoch alone: a fact is said again once when an epoch begins, and not when the old one ends.
    """
    return subject.pseudonyms[-1].text()
