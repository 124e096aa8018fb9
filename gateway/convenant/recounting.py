"""How many answers two versions of a convenant give differently: counts by kinds of partners, and nothing more.

No person, organisation, reference or professional is kept: what was counted cannot be taken apart again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from gateway.convenant.cells import Nuance, Pair, Reach, covering, nuances, pairs, reach, strongest
from gateway.convenant.engine import Engine
from gateway.convenant.model import Convenant
from gateway.convenant.question import Question
from gateway.domain import (
    ConsentFact,
    HouseholdFacts,
    InvolvementFact,
    Oin,
    PartnerKind,
    Phase,
    Reference,
    SecrecyClass,
)
from gateway.errors import NotPermitted

KindPair = tuple[PartnerKind, PartnerKind]
"""The kind whose involvement it is, and the kind that asks."""

NOBODY = Oin("0" * 20)
"""An asker that is no organisation: statements that name organisations never fit it."""

_Key = tuple[str, str]


@dataclass(slots=True)
class Shift:
    """How much is shown that was not, and no longer shown that was."""

    more: int = 0
    less: int = 0


@dataclass(slots=True)
class Asked:
    """Questions of one kind of partner: how many, how many with another answer, of these with more and with less."""

    questions: int = 0
    different: int = 0
    more: int = 0
    less: int = 0


@dataclass(slots=True)
class LookupCounts:
    """What asking again came to. `refused_before` and `refused_after` are questions a version does not know."""

    questions: int = 0
    different: int = 0
    refused_before: int = 0
    refused_after: int = 0
    not_asked: int = 0
    """Questions of organisations that are no partner now."""
    by_asking: dict[PartnerKind, Asked] = field(default_factory=dict)
    by_pair: dict[KindPair, Shift] = field(default_factory=dict)


def regardless_of_validity(convenant: Convenant) -> Convenant:
    """Return the convenant as if it were valid on every day: two versions can then be compared on one."""
    return replace(convenant, valid_from=date.min, valid_until=date.max)


class LookupsAgain:
    """Questions asked once more, under the old and under the new version, on one day."""

    def __init__(self, old: Convenant, new: Convenant, *, on: date) -> None:
        self._old, self._new = (Engine(regardless_of_validity(each)) for each in (old, new))
        self._on = on
        self.counts = LookupCounts()

    def ask(self, question: Question, facts: HouseholdFacts) -> None:
        """Ask one question under both and count what differs."""
        before, after = self._shown(self._old, question, facts), self._shown(self._new, question, facts)
        counts = self.counts
        counts.questions += 1
        counts.refused_before += before is None
        counts.refused_after += after is None
        asked = counts.by_asking.setdefault(question.asker_kind, Asked())
        asked.questions += 1
        more, less = _only(after, before), _only(before, after)
        asked.more += bool(more)
        asked.less += bool(less)
        is_different = bool(more or less)
        asked.different += is_different
        counts.different += is_different
        for fact in more:
            self._shift(question, facts, fact).more += 1
        for fact in less:
            self._shift(question, facts, fact).less += 1

    def leave_out(self) -> None:
        """Count a question that cannot be asked again."""
        self.counts.not_asked += 1

    def _shift(self, question: Question, facts: HouseholdFacts, fact: InvolvementFact) -> Shift:
        return self.counts.by_pair.setdefault((facts.kinds[fact.partner], question.asker_kind), Shift())

    def _shown(
        self, engine: Engine, question: Question, facts: HouseholdFacts
    ) -> tuple[InvolvementFact, ...] | None:
        try:
            engine.check_asker(
                kind=question.asker_kind,
                role=question.role,
                mandate=question.mandate,
                purpose=question.purpose,
            )
        except NotPermitted:
            return None
        return engine.decide(question, facts, on=self._on).shown


def _only(
    one: Iterable[InvolvementFact] | None, other: Iterable[InvolvementFact] | None
) -> list[InvolvementFact]:
    there = {_key(fact) for fact in other or ()}
    return [fact for fact in one or () if _key(fact) not in there]


def _key(fact: InvolvementFact) -> _Key:
    return fact.partner, fact.reference


@dataclass(slots=True)
class InvolvementCounts:
    """How many involvements were looked at, and for each pair of kinds and purpose how many become (in)visible."""

    involvements: int = 0
    left_out: int = 0
    """Shielded, or of an organisation that is no partner now: nobody sees them under either version."""
    by_pair: dict[Pair, Shift] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Change:
    """One pair whose reach differs for one class, with an asker for whom each version reaches furthest."""

    pair: Pair
    before: tuple[Reach, Nuance | None]
    after: tuple[Reach, Nuance | None]


class InvolvementsAgain:
    """Current involvements, each asked for by every kind for every purpose, own involvement supposed.

    For each pair the role and the mandate count under which most is shown: is there anybody who could see it?
    """

    def __init__(self, old: Convenant, new: Convenant, *, on: date) -> None:
        self._engines = tuple(Engine(regardless_of_validity(each)) for each in (old, new))
        self._on = on
        self._changes: dict[tuple[PartnerKind, SecrecyClass], list[_Change]] = {}
        for change, secrecy in self._differing(old, new):
            self._changes.setdefault((change.pair.source, secrecy), []).append(change)
        self.counts = InvolvementCounts()

    def look_at(self, fact: InvolvementFact, facts: HouseholdFacts) -> None:
        """Count for one current involvement; `facts` are of its person, with the kinds of the partners."""
        self.counts.involvements += 1
        kind = facts.kinds.get(fact.partner)
        if fact.shielded or kind is None:
            self.counts.left_out += 1
            return
        said = tuple(each for each in facts.consents if each.subject.is_same_person(fact.subject))
        for change in self._changes.get((kind, fact.secrecy), ()):
            before, after = (
                self._is_shown(engine, side, change.pair, fact, said, facts)
                for engine, side in zip(self._engines, (change.before, change.after), strict=True)
            )
            if before != after:
                shift = self.counts.by_pair.setdefault(change.pair, Shift())
                shift.more += after
                shift.less += before

    def _differing(self, old: Convenant, new: Convenant) -> Iterable[tuple[_Change, SecrecyClass]]:
        # On consent in both they can still differ in whose recorded consent counts.
        is_alike = old.consent_recorders == new.consent_recorders
        for pair in dict.fromkeys([*pairs(old), *pairs(new)]):
            for secrecy in SecrecyClass:
                before, after = (self._furthest(each, pair, secrecy) for each in (old, new))
                if before[0] is not after[0] or (before[0] is Reach.CONSENT and not is_alike):
                    yield _Change(pair, before, after), secrecy

    def _furthest(
        self, convenant: Convenant, pair: Pair, secrecy: SecrecyClass
    ) -> tuple[Reach, Nuance | None]:
        has_all = {pair.source, pair.asking} <= convenant.kinds.keys() and pair.purpose in convenant.purposes
        rules = covering(convenant.rules, pair) if has_all else ()
        if not rules:
            return Reach.NOT, None
        found = {
            nuance: reach(rules, nuance, on=self._on)
            for nuance in nuances(convenant, pair.asking)
            if nuance.is_involved and nuance.secrecy is secrecy
        }
        furthest = strongest(found.values())
        return furthest, next((nuance for nuance, each in found.items() if each is furthest), None)

    def _is_shown(
        self,
        engine: Engine,
        side: tuple[Reach, Nuance | None],
        pair: Pair,
        fact: InvolvementFact,
        said: Sequence[ConsentFact],
        facts: HouseholdFacts,
    ) -> bool:
        furthest, nuance = side
        is_asked = any(pair.asking in each.asking_kinds and pair.purpose in each.purposes for each in said)
        if furthest is not Reach.CONSENT or nuance is None or not is_asked:
            return furthest is Reach.LAW
        own = replace(
            fact,
            partner=NOBODY,
            reference=Reference("own"),
            phase=Phase.ACTIVE,
            since=self._on,
            until=None,
        )
        question = Question(
            asker=NOBODY,
            asker_kind=pair.asking,
            role=nuance.role,
            mandate=nuance.mandate,
            purpose=pair.purpose,
            subject=fact.subject,
        )
        household = replace(facts, involvements=(fact, own), consents=tuple(said))
        return bool(engine.decide(question, household, on=self._on).shown)
