"""Which of several statements of consent decides: specific over general, and an objection where none is narrower."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from gateway.domain import ConsentEffect, ConsentFact, HouseholdFacts, Oin, PartnerKind, Pseudonym, Subject


class Side(NamedTuple):
    """An organisation that holds, or asks, with its kind."""

    kind: PartnerKind
    organisation: Oin


MOST_WEIGHED = 64
"""So many statements about one involvement are weighed against each other; of more the first objection decides.

No person says so much. A partner that writes down thousands must not be able to hold up everybody's questions.
"""


def speaks_to(one: ConsentFact, asker: Side, purpose: str) -> bool:
    """Tell whether a statement is about showing something to this asker for this purpose."""
    return purpose in one.purposes and _names(one, one.asking_kinds, one.askers, asker)


def speaks_of(one: ConsentFact, holder: Side) -> bool:
    """Tell whether a statement is about showing involvements of this holder."""
    return _names(one, one.holder_kinds, one.holders, holder)


class SaidBy(NamedTuple):
    """Who made statements of one effect about itself, and by which pseudonyms these reach its involvements.

    In an overlap of two epochs a fact can lack one of a person's pseudonyms. An objection then reaches also what stands
    beside a pseudonym of who objects: in a member of the household, or in a pair of pseudonyms that any fact names as
    one person. To withhold needs less than to show.
    """

    subject: Subject
    effect: ConsentEffect
    reach: frozenset[Pseudonym]

    @classmethod
    def of(cls, subject: Subject, effect: ConsentEffect, facts: HouseholdFacts) -> SaidBy:
        """Return who said it, in the household of these facts."""
        reach = set(subject.pseudonyms)
        if effect is ConsentEffect.OBJECT:
            for known in (*facts.members, *facts.pairs):
                if known.overlaps(subject):
                    reach.update(known.pseudonyms)
        return cls(subject, effect, frozenset(reach))

    def is_about(self, person: Subject) -> bool:
        """Tell whether what was said is about the involvements of this person."""
        if self.reach.isdisjoint(person.pseudonyms):
            return False
        return self.effect is ConsentEffect.OBJECT or self.subject.is_same_person(person)


def decisive(fitting: Sequence[ConsentFact], *, asker: Oin) -> ConsentFact | None:
    """Return the statement that decides among those that fit one involvement and one question; None without any.

    An objection decides unless a narrower consent overrules it; consent decides where every objection is overruled. Of
    several that could be named it is the first by partner and reference, of consents one that no other is narrower
    than.
    """
    if len(fitting) == 1:
        return fitting[0]
    in_order = sorted(fitting, key=lambda one: (one.partner, one.reference))
    objections = [one for one in in_order if one.effect is ConsentEffect.OBJECT]
    permits = [one for one in in_order if one.effect is ConsentEffect.PERMIT]
    if len(fitting) > MOST_WEIGHED:
        return next(iter(objections or permits), None)
    for objection in objections:
        if not any(overrules(permit, objection, asker=asker) for permit in permits):
            return objection
    return next(
        (permit for permit in permits if not any(is_narrower(other, permit) for other in permits)), None
    )


def overrules(permit: ConsentFact, objection: ConsentFact, *, asker: Oin) -> bool:
    """Tell whether a consent makes an exception to an objection: it is narrower, and not the asker's own word.

    What the asking organisation itself wrote down makes an exception to its own record of an objection only: else it
    could open to itself what a person closed elsewhere.
    """
    return is_narrower(permit, objection) and (permit.partner != asker or objection.partner == asker)


def _names(
    one: ConsentFact, kinds: Collection[PartnerKind], organisations: Collection[Oin], side: Side
) -> bool:
    if not organisations:
        return side.kind in kinds
    # Who objects to an organisation by name does so whatever kind it is called meanwhile.
    return side.organisation in organisations and (one.effect is ConsentEffect.OBJECT or side.kind in kinds)


def is_narrower(one: ConsentFact, other: ConsentFact) -> bool:
    """Tell whether all that `one` speaks of is part of what `other` speaks of, and is not all of it.

    A scope is holders × askers × purposes. Organisations that are named are a strict part of their kinds: so an
    individual beats a category. Where both name organisations, these alone make the difference: to list another
    kind beside the same organisation makes a statement no wider. What cannot be compared is not narrower.
    """
    if not one.purposes <= other.purposes:
        return False
    holders, all_holders = _Scope(one.holder_kinds, one.holders), _Scope(other.holder_kinds, other.holders)
    askers, all_askers = _Scope(one.asking_kinds, one.askers), _Scope(other.asking_kinds, other.askers)
    return (
        holders.is_within(all_holders)
        and askers.is_within(all_askers)
        and (
            one.purposes != other.purposes
            or holders.named != all_holders.named
            or askers.named != all_askers.named
        )
    )


class _Scope(NamedTuple):
    """Kinds, and the organisations they are narrowed to; none is every organisation of the kinds."""

    kinds: frozenset[str]
    organisations: frozenset[str]

    @property
    def named(self) -> tuple[bool, frozenset[str]]:
        """Return what the statement names: organisations, or else kinds."""
        return bool(self.organisations), self.organisations or self.kinds

    def is_within(self, outer: _Scope) -> bool:
        """Tell whether `outer` has all of this side, itself included."""
        if not self.kinds <= outer.kinds:
            return False
        return not outer.organisations or (
            bool(self.organisations) and self.organisations <= outer.organisations
        )
