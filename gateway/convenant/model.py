"""The convenant as the decision reads it: kinds, purposes, mandates, rules, each rule with its ground."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gateway.domain import PartnerKind, SecrecyClass


class Effect(StrEnum):
    """What a rule does with what it covers; a prohibition beats every permission."""

    PERMIT = "permit"
    FORBID = "forbid"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatuteBasis:
    """A ground in law. Counts from its first to its last day, both inclusive; `since` None: never yet."""

    law: str
    article: str
    since: date | None
    until: date | None = None

    def is_valid(self, on: date) -> bool:
        """Tell whether the statute is a ground on that day."""
        return self.since is not None and self.since <= on and (self.until is None or on <= self.until)

    def __str__(self) -> str:
        return f"{self.law} {self.article}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentBasis:
    """The person's own consent, or that of the holders of authority."""

    def __str__(self) -> str:
        return "toestemming"


Basis = StatuteBasis | ConsentBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class KindTerms:
    """A kind of partner: its name in Dutch and the roles its professionals may ask in."""

    label: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeTerms:
    """A purpose: its name in Dutch and its HL7 v3-ActReason code."""

    label: str
    act_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Involvements of `sources` may (not) be shown to `asking` for `purposes` on this ground.

    `secrecy` are the classes the rule reaches. `without_own_involvement` lets the asking kinds ask for these
    purposes without being involved themselves. `verified` says that a jurist has confirmed the ground.
    """

    id: str
    effect: Effect
    sources: frozenset[PartnerKind]
    asking: frozenset[PartnerKind]
    purposes: frozenset[str]
    basis: Basis
    secrecy: frozenset[SecrecyClass]
    without_own_involvement: bool = False
    verified: bool = False

    def covers(self, *, source: PartnerKind, asking: PartnerKind, purpose: str) -> bool:
        """Tell whether the rule speaks of this case at all."""
        return source in self.sources and asking in self.asking and purpose in self.purposes


@dataclass(frozen=True, slots=True, kw_only=True)
class Convenant:
    """The partners' agreement. Valid from its first to its last day, both inclusive."""

    name: str
    version: str
    valid_from: date
    valid_until: date
    content_hash: str
    kinds: Mapping[PartnerKind, KindTerms]
    purposes: Mapping[str, PurposeTerms]
    mandates: frozenset[str]
    rules: tuple[Rule, ...]

    def in_force(self, on: date) -> bool:
        """Tell whether the convenant counts on that day."""
        return self.valid_from <= on <= self.valid_until

    @property
    def identity(self) -> str:
        """Name, version and content hash: what audit records name."""
        return f"{self.name} {self.version} sha256:{self.content_hash}"
