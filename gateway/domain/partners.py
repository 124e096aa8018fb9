"""Partners, those who ask on their behalf, and what the index knows of a household at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain.facts import ConsentFact, InvolvementFact
from gateway.domain.names import Oin, PartnerKind
from gateway.domain.persons import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """How a partner is reached. A desk with `contact_via` is shown as that other desk, never as itself."""

    code: str
    name: str
    telephone: str = ""
    email: str = ""
    contact_via: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A partner's Ed25519 public key (raw, 32 bytes) with the time in which its signatures count."""

    kid: str
    public_key: bytes
    valid_from: datetime
    valid_until: datetime

    def is_valid(self, at: datetime) -> bool:
        """Tell whether a signature received at that time may use this key."""
        return self.valid_from <= at <= self.valid_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """An organisation in the convenant. Names and desks are resolved when read, never copied into facts."""

    oin: Oin
    kind: PartnerKind
    name: str
    active: bool = True
    core_tasks: tuple[str, ...] = ()
    desks: tuple[Desk, ...] = ()
    signing_keys: tuple[SigningKey, ...] = ()

    def desk(self, code: str) -> Desk | None:
        """Return the desk to show for `code`: its `contact_via` desk where it has one, None if unknown."""
        desks = {desk.code: desk for desk in self.desks}
        found = desks.get(code)
        if found is not None and found.contact_via is not None:
            return desks.get(found.contact_via)
        return found

    def signing_key(self, kid: str, at: datetime) -> SigningKey | None:
        """Return the key named `kid` if it counts at that time."""
        for key in self.signing_keys:
            if key.kid == kid and key.is_valid(at):
                return key
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Professional:
    """The person who asks, as the partner names them: for the audit log (NEN 7513), never for a decision log."""

    id: str = field(repr=False)
    role: str
    mandate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdFacts:
    """All the index knows about one person's household at one moment: the input of a decision.

    `members` always holds `subject`; it is the union of the current, unsuppressed assertions that name the
    subject: one hop, never transitive, and without whoever a suppressed assertion names. A person whom two
    partners assert under different epochs stands twice.
    `involvements` and `consents` are the current ones of all members. Among the consents is every objection that shares
    a pseudonym with a member or with one of its `pairs`: it may be the member's.
    `kinds` maps every partner in `involvements` that is switched on to its kind.
    `pairs` are the persons, as any fact of the index names them under two epochs, that share a pseudonym with a member.
    Somebody may have paired two persons, so they are enough to withhold something and never to show anything.
    """

    subject: Subject
    members: frozenset[Subject]
    involvements: tuple[InvolvementFact, ...]
    consents: tuple[ConsentFact, ...]
    kinds: Mapping[Oin, PartnerKind]
    pairs: frozenset[Subject] = frozenset()
