"""The facts of the store in memory: every question is answered from all versions ever saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import count
from typing import TypeVar

from gateway.agreement.model import Act, ConvenantVersion
from gateway.audit.model import AuditRecord
from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Declaration,
    Fact,
    FactMessage,
    HouseholdFact,
    HouseholdFacts,
    InvolvementFact,
    MergeFact,
    MessageId,
    Oin,
    Partner,
    Phase,
    RecordedRefusal,
    Reference,
    SealedPseudonym,
    Subject,
)
from gateway.index.declarations import DeclarationUse
from gateway.index.ports import Facts, Outgoing, Saved, StandingConsent
from gateway.index.sealing import with_persons
from gateway.metering.ports import MeterKey
from tests.support.fake_persons import (
    current_persons,
    later,
    names,
    overlaps,
    persons_in,
    pseudonyms_in,
    without_epochs,
)

OneFact = TypeVar("OneFact", InvolvementFact, HouseholdFact, ConsentFact)
PersonalFact = TypeVar("PersonalFact", InvolvementFact, ConsentFact)


@dataclass
class State:
    """Everything the store holds. Its values are immutable, so a copy of the containers is a snapshot."""

    claims: frozenset[MessageId] = frozenset()
    versions: tuple[FactMessage, ...] = ()
    first: dict[tuple[str, ...], datetime] = field(default_factory=dict)
    """When each fact was recorded first."""
    settled: dict[tuple[str, ...], frozenset[int]] = field(default_factory=dict)
    """Of which persons of a fact, by their places, only for whom they count is known: an epoch was forgotten."""
    position: int = 0
    partners: dict[Oin, Partner] = field(default_factory=dict)
    audit: tuple[AuditRecord, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    queued: int = 0
    """How many records were ever queued: numbers are never used again."""

    full_at: dict[MeterKey, datetime] = field(default_factory=dict)
    """When the bucket of a meter is full again."""
    refusals: dict[tuple[Oin, Reference], RecordedRefusal] = field(default_factory=dict)
    convenants: tuple[ConvenantVersion, ...] = ()
    acts: tuple[Act, ...] = ()
    agreed: int = 0
    """How often the convenants or the acts changed."""
    declarations: tuple[Declaration, ...] = ()
    uses: tuple[DeclarationUse, ...] = ()

    def copy(self) -> State:
        """Return a state that changes apart from this one."""
        return replace(
            self,
            partners=dict(self.partners),
            first=dict(self.first),
            settled=dict(self.settled),
            full_at=dict(self.full_at),
            refusals=dict(self.refusals),
        )


class FakeFacts(Facts):
    """Facts, read by going through every version."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._has_advanced = False

    async def claim(self, ids: Sequence[MessageId]) -> frozenset[MessageId]:
        fresh = frozenset(ids) - self._state.claims
        self._state.claims |= fresh
        return fresh

    async def save(self, message: FactMessage) -> Saved:
        if not all(isinstance(each, SealedPseudonym) for each in pseudonyms_in(message.fact)):
            raise TypeError("the index keeps sealed pseudonyms only")
        if not self._has_advanced:
            self._state.position += 1
            self._has_advanced = True
        earlier = [version for version in self._state.versions if _key(version.fact) == _key(message.fact)]
        self._state.versions += (message,)
        first = self._state.first.setdefault(_key(message.fact), message.recorded_at)
        self._state.first[_key(message.fact)] = min(first, message.recorded_at)
        if earlier and _order(message) < max(map(_order, earlier)):
            return Saved.SUPERSEDED
        self._state.settled.pop(_key(message.fact), None)
        return Saved.UPDATED if earlier else Saved.CREATED

    async def households(self, subjects: Sequence[Subject], *, on: date) -> Mapping[Subject, HouseholdFacts]:
        return {subject: self._household(subject, on) for subject in subjects}

    async def ties(
        self, asked: Collection[tuple[Oin, Subject]], *, on: date
    ) -> frozenset[tuple[Oin, Subject]]:
        return frozenset(
            (partner, person)
            for partner, person in asked
            if any(
                fact.partner == partner and fact.is_current(on) and names(near, fact.subject)
                for near in [self._own_household(partner, person, on)]
                for fact in self._standing(InvolvementFact)
            )
        )

    def _own_household(self, partner: Oin, person: Subject, on: date) -> set[Subject]:
        members = {person}
        for assertion in self._standing(HouseholdFact):
            present = {member.subject for member in assertion.members if member.is_current(on)}
            if assertion.partner == partner and not assertion.suppressed and names(present, person):
                members |= present
        return members

    async def own_consents(self, partner: Oin, subject: Subject) -> Sequence[ConsentFact]:
        own = [fact for fact in self._standing(ConsentFact) if fact.partner == partner]
        about = [fact for fact in own if fact.subject.is_same_person(subject)]
        return sorted(about, key=lambda fact: fact.reference)

    async def own_consent(self, partner: Oin, reference: Reference) -> StandingConsent | None:
        for fact, recorded_at in self._versions(ConsentFact):
            if (fact.partner, fact.reference) == (partner, reference):
                return StandingConsent(fact=fact, recorded_at=recorded_at)
        return None

    async def current_involvements(
        self, *, on: date, after: tuple[Oin, Reference] | None = None, limit: int = 1000
    ) -> Sequence[InvolvementFact]:
        current = sorted(
            (fact for fact in self._standing(InvolvementFact) if fact.is_current(on)),
            key=lambda fact: (fact.partner, fact.reference),
        )
        return [fact for fact in current if after is None or (fact.partner, fact.reference) > after][:limit]

    async def counts(self) -> Mapping[str, int]:
        involvements = list(self._standing(InvolvementFact))
        return {
            "involvements": sum(fact.phase in {Phase.PROVISIONAL, Phase.ACTIVE} for fact in involvements),
            "households": sum(bool(fact.members) for fact in self._standing(HouseholdFact)),
            "consents": sum(
                fact.effect is not ConsentEffect.WITHDRAWN for fact in self._standing(ConsentFact)
            ),
            "versions": len(self._state.versions),
        }

    async def newest_epochs(self, *, on: date) -> Mapping[Oin, Mapping[int, int]]:
        found: dict[Oin, Counter[int]] = {}
        for fact in self._all_standing():
            for subject in current_persons(fact, on):
                epoch = max(each.epoch for each in subject.pseudonyms)
                found.setdefault(fact.partner, Counter())[epoch] += 1
        return found

    async def forget_epochs(self, before: int, *, limit: int) -> int:
        standing = list(self._latest())
        left = [self._left(version, before) for version in standing]
        settled = {_key(version.fact): places for version, places in left if version is not None and places}
        counting = {id(old): new for old, (new, _places) in zip(standing, left, strict=True)}
        kept = [
            counting[id(each)] if id(each) in counting else without_epochs(each, before)
            for each in self._state.versions
        ]
        gone = sum(old != new for old, new in zip(self._state.versions, kept, strict=True))
        lost = {_key(old.fact) for old, (new, _places) in zip(standing, left, strict=True) if new is None}
        self._state.versions = tuple(each for each in kept if each and _key(each.fact) not in lost)
        self._state.first = {key: at for key, at in self._state.first.items() if key not in lost}
        self._state.settled = settled
        return gone

    def _left(self, version: FactMessage, before: int) -> tuple[FactMessage | None, frozenset[int]]:
        """Return a standing version without the old epochs, and whom of it is known by what they counted as.

        Who is left with nobody to count for is left as stated.
        """
        if isinstance(version.fact, MergeFact):
            return without_epochs(version, before), frozenset()
        merges = self._merges()
        after = [new for each in merges if (new := without_epochs(each, before)) is not None]
        persons: list[tuple[Subject, bool]] = []
        for place, stated in enumerate(persons_in(version.fact)):
            is_settled = place in self._state.settled.get(_key(version.fact), ())
            counted = stated if is_settled else self._after_merges(merges, version, stated)
            now, then = later(stated, before), later(counted, before)
            follows = now is not None and not is_settled
            if now is not None and follows:
                follows = then is None or self._after_merges(after, version, now) == then
            persons.append((stated if follows else counted, not follows))
        named = iter([person for person, _ in persons])
        kept = without_epochs(with_persons(version, lambda _: next(named)), before)
        flags = [is_settled for person, is_settled in persons if later(person, before) is not None]
        return kept, frozenset(place for place, is_settled in enumerate(flags) if is_settled)

    async def position(self) -> int:
        return self._state.position

    def _household(self, subject: Subject, on: date) -> HouseholdFacts:
        members = {subject} | self._linked(subject, on)
        pairs = self._pairs(members)
        return HouseholdFacts(
            subject=subject,
            members=frozenset(members),
            involvements=_in_order(
                fact
                for fact in self._standing(InvolvementFact)
                if names(members, fact.subject) and fact.is_current(on)
            ),
            consents=_in_order(
                fact
                for fact in self._standing(ConsentFact)
                if fact.is_current(on)
                and (
                    names(members, fact.subject)
                    or (fact.effect is ConsentEffect.OBJECT and overlaps(members | pairs, fact.subject))
                )
            ),
            kinds={oin: partner.kind for oin, partner in self._state.partners.items() if partner.active},
            pairs=pairs,
        )

    def _linked(self, subject: Subject, on: date) -> set[Subject]:
        """Return the household around a person without whoever is secret: nobody, if the person itself is."""
        linked, secret = set(), set()
        for assertion in self._standing(HouseholdFact):
            present = {member.subject for member in assertion.members if member.is_current(on)}
            if assertion.suppressed:
                secret |= present
            elif names(present, subject):
                linked |= present
        hidden = {each for each in {subject, *linked} if self._is_one_of(each, secret)}
        return set() if subject in hidden else linked - hidden

    def _is_one_of(self, person: Subject, others: Collection[Subject]) -> bool:
        """Tell whether somebody may be one of the others, by any of the pseudonyms that facts give a person."""
        return any(overlaps(others, each) for each in {person, *self._pairs({person})})

    def _pairs(self, persons: Collection[Subject]) -> frozenset[Subject]:
        """Return those whom any fact names under two epochs and who share a pseudonym with one of the persons."""
        return frozenset(
            named
            for fact in self._all_standing()
            for named in persons_in(fact)
            if len(named.pseudonyms) > 1 and overlaps(persons, named)
        )

    def _all_standing(self) -> Iterable[Fact]:
        yield from self._standing(InvolvementFact)
        yield from self._standing(HouseholdFact)
        yield from self._standing(ConsentFact)

    def _standing(self, kind: type[OneFact]) -> Iterable[OneFact]:
        """Yield, for every reference, the fact of the version that counts, with whom it counts for."""
        return (fact for fact, _ in self._versions(kind))

    def _versions(self, kind: type[OneFact]) -> Iterable[tuple[OneFact, datetime]]:
        merges = self._merges()
        for version in self._latest():
            if isinstance(version.fact, kind):
                moved = self._counting(merges, version).fact
                if isinstance(moved, ConsentFact):
                    moved = replace(moved, version=version.id.id)
                assert isinstance(moved, kind)
                yield moved, version.recorded_at

    def _counting(self, merges: Sequence[FactMessage], version: FactMessage) -> FactMessage:
        """Return the version with the persons for whom it counts."""
        settled, places = self._state.settled.get(_key(version.fact), frozenset()), count()

        def counted(stated: Subject) -> Subject:
            return stated if next(places) in settled else self._after_merges(merges, version, stated)

        return with_persons(version, counted)

    def _merges(self) -> Sequence[FactMessage]:
        return sorted((each for each in self._latest() if isinstance(each.fact, MergeFact)), key=_order)

    def _latest(self) -> Collection[FactMessage]:
        latest: dict[tuple[str, ...], FactMessage] = {}
        for version in self._state.versions:
            known = latest.get(_key(version.fact))
            if known is None or _order(version) >= _order(known):
                latest[_key(version.fact)] = version
        return latest.values()

    def _after_merges(self, merges: Sequence[FactMessage], version: FactMessage, stated: Subject) -> Subject:
        """Tell the partner's merges again, one after the other, to a fact that was there when they were made."""
        person = stated
        for merge in merges:
            match merge.fact:
                case MergeFact(partner=partner, old=old, new=new, undone=False) if (
                    partner == version.fact.partner
                    and merge.recorded_at >= self._state.first[_key(version.fact)]
                    and names([old], person)
                ):
                    person = new
        return person


def _key(fact: Fact) -> tuple[str, ...]:
    """What versions of one fact share. The kinds of facts have references apart from each other."""
    return type(fact).__name__, fact.partner, fact.reference


def _order(version: FactMessage) -> tuple[bool, datetime, str]:
    """The greatest counts; a merge that was undone is the last word under its reference."""
    is_last = isinstance(version.fact, MergeFact) and version.fact.undone
    return is_last, version.recorded_at, version.id.id


def _in_order(facts: Iterable[PersonalFact]) -> tuple[PersonalFact, ...]:
    """Return the facts by person, partner and reference."""
    return tuple(sorted(facts, key=lambda fact: (fact.subject, fact.partner, fact.reference)))
