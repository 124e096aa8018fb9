"""Pairs of persons: of one an index holds what the asker may not see, of its twin nothing in its place.

Every way in which the index can withhold is here once, for askers of three sorts; all else is equal between twins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from gateway.convenant.model import ConsentBasis, Effect, KindTerms
from gateway.domain import (
    ConsentEffect,
    Decider,
    Declaration,
    Desk,
    Fact,
    Oin,
    Partner,
    PartnerKind,
    Phase,
    Professional,
    SecrecyClass,
)
from tests.support.convenants import (
    GGZ,
    MANDATE,
    OIN_WIJKTEAM,
    POLITIE,
    PURPOSES,
    ROLES,
    TODAY,
    VEILIG_THUIS,
    WIJKTEAM,
    break_glass,
    convenant,
    rule,
)
from tests.support.sealed import NOON, OIN_GGZ, OIN_POLITIE, OIN_VT, consent, household, involvement, person

ONDERWIJS = PartnerKind("onderwijs")
OIN_SCHOOL = Oin("00000099100000000600")
OIN_UNSIGNED = Oin("00000099100000000700")
OIN_OFF = Oin("00000099100000000800")
DESK = Desk(code="frontoffice", name="Frontoffice", telephone="+31880000010")

PARTNERS = tuple(
    Partner(oin=oin, kind=kind, name=name, desks=(DESK,), active=oin != OIN_OFF)
    for oin, kind, name in (
        (OIN_VT, VEILIG_THUIS, "Veilig Thuis (synthetic)"),
        (OIN_GGZ, GGZ, "GGZ (synthetic)"),
        (OIN_POLITIE, POLITIE, "Politie B (synthetic)"),
        (OIN_WIJKTEAM, WIJKTEAM, "Wijkteam (synthetic)"),
        (OIN_SCHOOL, ONDERWIJS, "School (synthetic)"),
        (OIN_UNSIGNED, POLITIE, "Politie A, unsigned (synthetic)"),
        (OIN_OFF, POLITIE, "Politie C, switched off (synthetic)"),
    )
)
PARTIES = tuple(partner.oin for partner in PARTNERS if partner.oin != OIN_UNSIGNED)
_KINDS = (VEILIG_THUIS, GGZ, POLITIE, WIJKTEAM, ONDERWIJS)
_USUAL = frozenset({SecrecyClass.NORMAL, SecrecyClass.RESTRICTED})

CONVENANT = convenant(
    rule(id="BY-LAW", sources=frozenset({POLITIE, WIJKTEAM}), secrecy=_USUAL),
    rule(id="BY-CONSENT", sources=frozenset({GGZ}), basis=ConsentBasis()),
    rule(id="FORBIDDEN", effect=Effect.FORBID, sources=frozenset({WIJKTEAM})),
    kinds={kind: KindTerms(label=kind, roles=frozenset(ROLES)) for kind in _KINDS},
    break_glass=break_glass(sources=frozenset({POLITIE, WIJKTEAM, GGZ}), secrecy=_USUAL),
)
PURPOSE = PURPOSES[0]
PROFESSIONAL = Professional(id="medewerker-1", role=ROLES[0], mandate=MANDATE)


class Asking(Enum):
    """How the asker stands to the person."""

    STRANGER = "a stranger"
    INVOLVED = "involved itself"
    SHOWN_OTHERS = "involved itself and shown others"
    EMERGENCY = "a stranger in an emergency"


_EVERYBODY = tuple(Asking)
_WITHOUT_EMERGENCY = (Asking.STRANGER, Asking.INVOLVED, Asking.SHOWN_OTHERS)


@dataclass(frozen=True)
class Way:
    """One way to be withheld: the facts about a person that must not be seen."""

    name: str
    hide: Callable[[str], list[Fact]]
    asking: tuple[Asking, ...] = _WITHOUT_EMERGENCY


def _consented(who: str, **changes: Any) -> list[Fact]:
    return [involvement(OIN_GGZ, who), consent(OIN_GGZ, who, holder=GGZ, asking=VEILIG_THUIS, **changes)]


def _objected(who: str) -> list[Fact]:
    said = {"holder": GGZ, "asking": VEILIG_THUIS, "effect": ConsentEffect.OBJECT}
    return [*_consented(who), consent(OIN_WIJKTEAM, who, **said)]


def _over(who: str) -> list[Fact]:
    return _consented(who, until=TODAY - timedelta(days=1))


def _twelve(who: str) -> list[Fact]:
    members = [who, *(f"{who}-{number}" for number in range(1, 12))]
    shielded = [involvement(OIN_POLITIE, each, shielded=True) for each in members]
    not_permitted = [involvement(OIN_SCHOOL, each) for each in members]
    return [household(OIN_GGZ, *members, reference=f"twelve-{who}"), *shielded, *not_permitted]


def _secret(who: str) -> list[Fact]:
    other = f"{who}-other"
    return [
        household(OIN_GGZ, who, other, suppressed=True),
        household(OIN_WIJKTEAM, who, other),
        involvement(OIN_POLITIE, other),
    ]


def _link_to_own_client(who: str) -> list[Fact]:
    return [household(OIN_GGZ, who, own_client_of(who)), involvement(OIN_SCHOOL, own_client_of(who))]


def own_client_of(who: str) -> str:
    """Return the client of the asker's whom somebody else may link to the person; both twins have one."""
    return f"{who}-client"


def declaration_of(who: str) -> str:
    """Return the id of the declaration about a person."""
    return str(uuid5(NAMESPACE_URL, who))


WAYS = (
    Way("not permitted", lambda who: [involvement(OIN_SCHOOL, who)], _EVERYBODY),
    Way("shielded", lambda who: [involvement(OIN_POLITIE, who, shielded=True)], _EVERYBODY),
    Way(
        "secrecy class",
        lambda who: [involvement(OIN_POLITIE, who, secrecy=SecrecyClass.VERY_RESTRICTED)],
        _EVERYBODY,
    ),
    Way("forbidden", lambda who: [involvement(OIN_WIJKTEAM, who)], _EVERYBODY),
    Way("no consent", lambda who: [involvement(OIN_GGZ, who)]),
    Way("objection", _objected),
    Way("consent that is over", _over),
    Way("consent that waits for review", lambda who: _consented(who, decided_by=Decider.UNDETERMINED)),
    Way("holder that has not signed", lambda who: [involvement(OIN_UNSIGNED, who)], _EVERYBODY),
    Way("holder that is switched off", lambda who: [involvement(OIN_OFF, who)], _EVERYBODY),
    Way("ended", lambda who: [involvement(OIN_POLITIE, who, phase=Phase.ENDED)], _EVERYBODY),
    Way("household of twelve, all withheld", _twelve, _EVERYBODY),
    Way(
        "household link of others",
        lambda who: [household(OIN_GGZ, who, f"{who}-b"), involvement(OIN_POLITIE, f"{who}-b")],
        (Asking.STRANGER,),
    ),
    Way("household link of others to an own client", _link_to_own_client, (Asking.STRANGER,)),
    Way("household with a secret address", _secret, (Asking.STRANGER, Asking.INVOLVED, Asking.EMERGENCY)),
)


@dataclass(frozen=True)
class Twins:
    """Two persons, of whom an asker of this sort must get the same answer."""

    way: Way
    asking: Asking
    number: int

    @property
    def names(self) -> tuple[str, str]:
        """The person of whom something is withheld, and the one of whom there is nothing in its place."""
        return f"p{self.number}-withheld", f"p{self.number}-nobody"

    def __str__(self) -> str:
        """Return what the pair is, for messages."""
        return f"{self.way.name}; the asker is {self.asking.value}"

    @property
    def lines(self) -> int:
        """How many lines both are answered with."""
        return 3 if self.asking is Asking.SHOWN_OTHERS else 0

    def facts(self) -> Iterator[Fact]:
        """Return what the index holds of both."""
        for who in self.names:
            yield involvement(OIN_VT, own_client_of(who))
            if self.asking in (Asking.INVOLVED, Asking.SHOWN_OTHERS):
                yield involvement(OIN_VT, who)
            if self.asking is Asking.SHOWN_OTHERS:
                yield from _shown(who)
        yield from self.way.hide(self.names[0])

    def declarations(self) -> Iterator[Declaration]:
        """Return what the asker declared about both, if it did."""
        if self.asking is Asking.EMERGENCY:
            for who in self.names:
                yield Declaration(
                    id=declaration_of(who),
                    partner=OIN_VT,
                    kind=VEILIG_THUIS,
                    professional=PROFESSIONAL,
                    subject=person(who),
                    purpose=PURPOSE,
                    ground="acute-danger",
                    explanation=b"sealed",
                    convenant=CONVENANT.identity,
                    declared_at=NOON - timedelta(minutes=5),
                    expires_at=NOON + timedelta(hours=4),
                    review_due=NOON + timedelta(days=5),
                )


def _shown(who: str) -> Iterator[Fact]:
    """Three lines, among which whatever is withheld would have its place."""
    member, other = f"{who}-shown", f"{who}-shown-too"
    yield household(OIN_VT, who, member, other, reference=f"own-{who}")
    yield involvement(OIN_POLITIE, member)
    yield involvement(OIN_POLITIE, other, since=NOON.date() - timedelta(days=200), reference=f"ref-{other}")
    yield involvement(OIN_GGZ, other)
    yield consent(OIN_GGZ, other, holder=GGZ, asking=VEILIG_THUIS)


ALL_TWINS = tuple(
    Twins(way, asking, number)
    for number, (way, asking) in enumerate((way, asking) for way in WAYS for asking in way.asking)
)
