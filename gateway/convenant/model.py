"""The convenant as the decision reads it: kinds, purposes, mandates, rules, each rule with its ground."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from gateway.domain import Oin, PartnerKind, SecrecyClass


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

    def holds(self, on: date) -> bool:
        """Tell whether the statute is a ground on that day."""
        return self.since is not None and self.since <= on and (self.until is None or on <= self.until)

    def __str__(self) -> str:
        return f"{self.law} {self.article}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentBasis:
    """The person's own consent, or that of the holders of authority; `words` name it in the audit record."""

    words: str = "toestemming"

    def holds(self, on: date) -> bool:  # noqa: ARG002 - a statute asks the day
        """Return True: consent as such is always a ground; whether there is any, the facts say."""
        return True

    def __str__(self) -> str:
        return self.words


Basis = StatuteBasis | ConsentBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class KindTerms:
    """A kind of partner: its name in Dutch and the roles its professionals may ask in."""

    label: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeTerms:
    """A purpose: its name in Dutch and its HL7 v3-ActReason code (value set v3-PurposeOfUse)."""

    label: str
    act_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Involvements of `sources` may (not) be shown to `asking` for `purposes` on this ground.

    `roles` and `mandates` narrow the rule to askers in one of these; empty is every one. `secrecy` are the classes
    the rule reaches. `without_own_involvement` makes a permission count for an asker that is not involved
    itself; without it the rule counts for involved askers only. `verified` says that a jurist has confirmed
    the ground.
    """

    id: str
    effect: Effect
    sources: frozenset[PartnerKind]
    asking: frozenset[PartnerKind]
    purposes: frozenset[str]
    basis: Basis
    secrecy: frozenset[SecrecyClass]
    roles: frozenset[str] = frozenset()
    mandates: frozenset[str] = frozenset()
    without_own_involvement: bool = False
    verified: bool = False

    def serves(self, *, asking: PartnerKind, purpose: str, role: str, mandate: str) -> bool:
        """Tell whether the rule speaks of this asker, whatever it asks about."""
        return (
            asking in self.asking
            and purpose in self.purposes
            and (not self.roles or role in self.roles)
            and (not self.mandates or mandate in self.mandates)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassTerms:
    """Who may declare an emergency, what that shows, for how long, and when it must have been reviewed.

    A declaration is a permission like any other, with `basis` as its ground: prohibitions and shielding still win. It
    needs no own involvement. `roles` narrows the declaring kinds; empty is every role. `grounds` are the codes a
    declaration may name, each with its name in Dutch. `review_days` are calendar days.
    """

    kinds: frozenset[PartnerKind]
    purposes: frozenset[str]
    grounds: Mapping[str, str]
    sources: frozenset[PartnerKind]
    secrecy: frozenset[SecrecyClass]
    basis: StatuteBasis
    minutes: int
    review_days: int
    roles: frozenset[str] = frozenset()
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionTerms:
    """How long the index keeps an involvement after its end, in months: in view of officers, and then as history."""

    active_months: int
    history_months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpTerms:
    """Within how many working days partners that meet in a household have spoken, and named a coordinator."""

    first_contact_days: int
    coordinator_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Convenant:
    """The partners' agreement. Valid from its first to its last day, both inclusive.

    `content_hash` is the SHA-256 (hexadecimal) of the content as JSON with sorted names: comments and layout
    of the file don't count.

    `signatories` are the organisations that must have signed it; without any it can never be in force. `notice_days`
    is how long before it starts a version that takes the place of this one must have been laid down.
    `consent_recorders` are the kinds whose recorded consent counts; an objection counts from anyone. `secrecy` and
    `refusal_grounds` name classes and grounds in Dutch. `retention` has terms for kinds that have terms of their own.
    """

    name: str
    version: str
    valid_from: date
    valid_until: date
    content_hash: str
    kinds: Mapping[PartnerKind, KindTerms]
    purposes: Mapping[str, PurposeTerms]
    mandates: frozenset[str]
    rules: tuple[Rule, ...]
    signatories: frozenset[Oin] = frozenset()
    notice_days: int = 0
    consent_recorders: frozenset[PartnerKind] = frozenset()
    secrecy: Mapping[SecrecyClass, str] = field(default_factory=dict)
    refusal_grounds: Mapping[str, str] = field(default_factory=dict)
    break_glass: BreakGlassTerms | None = None
    default_retention: RetentionTerms | None = None
    retention: Mapping[PartnerKind, RetentionTerms] = field(default_factory=dict)
    follow_up: FollowUpTerms | None = None

    def in_force(self, on: date) -> bool:
        """Tell whether the convenant counts on that day."""
        return self.valid_from <= on <= self.valid_until

    @property
    def identity(self) -> str:
        """Name, version and content hash: what audit records name."""
        return f"{self.name} {self.version} sha256:{self.content_hash}"
