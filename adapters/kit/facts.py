"""Units become facts: numbers turn into opaque references, BSNs into pseudonyms. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from adapters.kit.keys import ReferenceKind, opaque_reference
from adapters.kit.mapping import (
    ConsentUnit,
    HouseholdUnit,
    InvolvementUnit,
    MergeUnit,
    PersonUnit,
    Unit,
)
from adapters.kit.model import ConsentDraft, InvolvementDraft, MembershipDraft
from gateway.domain import (
    Bsn,
    ConsentFact,
    Fact,
    HouseholdFact,
    HouseholdMember,
    InvolvementFact,
    Oin,
    Subject,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A fact to say if it is new. `recorded_at` is the record's own time; None: the time of the run.

    A statement that is no change of its own (`is_change`) is new when it differs from what stands, whatever its
    time. One that does not reopen never brings back what ended. `kept` is what the state file keeps of it, where
    that does not follow from the fact.
    """

    fact: Fact
    recorded_at: datetime | None
    is_change: bool = True
    reopens: bool = True
    kept: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactMaker:
    """Makes the facts of one partner. `reference_key` is the partner's own secret of 32 bytes."""

    partner: Oin
    reference_key: bytes

    def involvement(self, draft: InvolvementDraft, subject: Subject) -> InvolvementFact:
        """Return the involvement of a draft; InvalidInput where its end lies before its start."""
        return InvolvementFact(
            partner=self.partner,
            reference=opaque_reference(self.reference_key, ReferenceKind.INVOLVEMENT, draft.key),
            subject=subject,
            phase=draft.phase,
            since=draft.since,
            until=draft.until,
            desk=draft.desk,
            secrecy=draft.secrecy,
            shielded=draft.shielded,
        )

    def consent(self, draft: ConsentDraft, subject: Subject) -> ConsentFact:
        """Return the consent of a draft; InvalidInput where a scope is empty or the dates are reversed."""
        return ConsentFact(
            partner=self.partner,
            reference=opaque_reference(self.reference_key, ReferenceKind.CONSENT, draft.key),
            subject=subject,
            effect=draft.effect,
            decided_by=draft.decided_by,
            holder_kinds=draft.holder_kinds,
            asking_kinds=draft.asking_kinds,
            purposes=draft.purposes,
            since=draft.since,
            until=draft.until,
            holders=draft.holders,
            askers=draft.askers,
        )

    def household(self, unit: HouseholdUnit, subjects: Mapping[Bsn, Subject]) -> HouseholdFact:
        """Return the household of all its memberships: each person once, in an order that tells nothing."""
        end = household_end(unit)
        members: dict[Subject, HouseholdMember] = {}
        for membership in unit.memberships:
            member = _member(membership, subjects[membership.bsn], end)
            known = members.get(member.subject)
            members[member.subject] = member if known is None else _together(known, member)
        return HouseholdFact(
            partner=self.partner,
            reference=opaque_reference(self.reference_key, ReferenceKind.HOUSEHOLD, unit.key),
            # By the newest epoch: the order stays when the old one ends, and with it what is to be said.
            members=tuple(
                members[each] for each in sorted(members, key=lambda person: person.pseudonyms[-1])
            ),
            suppressed=any(membership.secret for membership in unit.memberships),
        )


def persons_of(unit: Unit) -> Iterator[Bsn]:
    """Yield the persons a unit names by their BSN; a retraction and an undoing know theirs already."""
    match unit:
        case InvolvementUnit() | ConsentUnit() | PersonUnit():
            yield unit.draft.bsn
        case MergeUnit():
            yield from (bsn for bsn in (unit.draft.old_bsn, unit.draft.new_bsn) if bsn is not None)
        case HouseholdUnit():
            yield from (membership.bsn for membership in unit.memberships)


def household_end(unit: HouseholdUnit) -> date | None:
    """Return the day the whole household ends: the latest `closed`, once every record has one."""
    closed = [membership.closed for membership in unit.memberships]
    return None if None in closed else max(day for day in closed if day is not None)


def _member(membership: MembershipDraft, subject: Subject, end: date | None) -> HouseholdMember:
    until = membership.until
    if end is not None and (until is None or end < until):
        until = end if membership.since is None else max(end, membership.since)
    return HouseholdMember(subject=subject, role=membership.role, since=membership.since, until=until)


def _together(one: HouseholdMember, other: HouseholdMember) -> HouseholdMember:
    """Return one membership for two records about the same person: the widest period, the known role."""
    since = None if None in (one.since, other.since) else min(d for d in (one.since, other.since) if d)
    until = None if None in (one.until, other.until) else max(d for d in (one.until, other.until) if d)
    return replace(one, role=one.role or other.role, since=since, until=until)
