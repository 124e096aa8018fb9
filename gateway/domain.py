"""The values every room speaks: organisations, persons as pseudonyms, and the facts partners assert.

Everything here is immutable and checked when it is made, so that a value that exists is valid. Values that
identify a person (`Bsn`, `Pseudonym`) print as their type only: no log line or traceback can show them.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from gateway.errors import InvalidInput

Oin = NewType("Oin", str)
"""Organisatie-identificatienummer: 20 digits, the key of every organisation."""

PartnerKind = NewType("PartnerKind", str)
"""Code of a kind of partner (`veilig_thuis`, `ggz`, …); the convenant says which exist."""

Reference = NewType("Reference", str)
"""A partner's opaque reference to one of its own records; means nothing outside that partner."""

OIN_URN_PREFIX = "urn:nld:oin:"
TEST_OIN_PREFIX = "00000099"
"""OINs that exist for tests only (Logius); a production site refuses them."""

_OIN = re.compile(r"\d{20}", re.ASCII)
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_CODE = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*", re.ASCII)
_BSN_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
PSEUDONYM_BYTES = 32


def parse_oin(text: str, *, path: str = "oin") -> Oin:
    """Return `text` as an OIN; InvalidInput at `path` unless it is exactly 20 digits."""
    if not _OIN.fullmatch(text):
        raise InvalidInput.at(path, "must be an OIN of exactly 20 digits")
    return Oin(text)


def oin_urn(oin: Oin) -> str:
    """Return the URN form, as in CloudEvents `source` and FHIR `MessageHeader.source`."""
    return f"{OIN_URN_PREFIX}{oin}"


def parse_oin_urn(text: str, *, path: str) -> Oin:
    """Return the OIN in `urn:nld:oin:<OIN>[:systeem:<name>]` (NL GOV profile for CloudEvents)."""
    if not text.startswith(OIN_URN_PREFIX):
        raise InvalidInput.at(path, f"must start with {OIN_URN_PREFIX}")
    return parse_oin(text.removeprefix(OIN_URN_PREFIX).split(":", 1)[0], path=path)


def parse_reference(text: str, *, path: str) -> Reference:
    """Return `text` as an opaque reference: 1 to 64 of A-Z a-z 0-9 . _ -, starting with a letter or digit."""
    if not _REFERENCE.fullmatch(text):
        raise InvalidInput.at(path, "must be 1 to 64 letters, digits, dots, dashes or underscores")
    return Reference(text)


def parse_code(text: str, *, path: str) -> str:
    """Return `text` as a lower-case code (kind, purpose, role, desk)."""
    if len(text) > 64 or not _CODE.fullmatch(text):
        raise InvalidInput.at(path, "must be a lower-case code of at most 64 characters")
    return text


class Bsn:
    """A burgerservicenummer that passes the 11-test; lives on the partner's side only."""

    __slots__ = ("_digits",)

    def __init__(self, text: str, *, path: str = "bsn") -> None:
        """Check `text`: nine digits, not all zero, 11-test with weights 9 8 7 6 5 4 3 2 -1."""
        if not re.fullmatch(r"\d{9}", text, re.ASCII):
            raise InvalidInput.at(path, "must be a BSN of exactly nine digits")
        weighted = sum(w * int(d) for w, d in zip(_BSN_WEIGHTS, text, strict=True))
        if weighted % 11 != 0 or text == "000000000":
            raise InvalidInput.at(path, "does not pass the 11-test for a BSN")
        self._digits = text

    def reveal(self) -> str:
        """Return the nine digits: for the pseudonym client and for nothing else."""
        return self._digits

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bsn) and hmac.compare_digest(self._digits, other._digits)

    def __hash__(self) -> int:
        return hash((Bsn, self._digits))

    def __repr__(self) -> str:
        return "Bsn(…)"


class Pseudonym:
    """A person in this index: 32 bytes that only the pseudonym key's holder can tie to a BSN."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes, *, path: str = "pseudonym") -> None:
        if len(value) != PSEUDONYM_BYTES:
            raise InvalidInput.at(path, f"must be exactly {PSEUDONYM_BYTES} bytes")
        self._value = bytes(value)

    @classmethod
    def from_hex(cls, text: str, *, path: str = "pseudonym") -> Pseudonym:
        """Read 64 lower-case hexadecimal digits, the form inside FHIR messages."""
        if not re.fullmatch(r"[0-9a-f]{64}", text, re.ASCII):
            raise InvalidInput.at(path, "must be 64 lower-case hexadecimal digits")
        return cls(bytes.fromhex(text), path=path)

    def reveal(self) -> bytes:
        """Return the 32 bytes: for messages, stores and the wire, never for a log."""
        return self._value

    def hex(self) -> str:
        """Return the 64 hexadecimal digits used inside FHIR messages."""
        return self._value.hex()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pseudonym) and hmac.compare_digest(self._value, other._value)

    def __lt__(self, other: Pseudonym) -> bool:
        return self._value < other._value

    def __hash__(self) -> int:
        return hash((Pseudonym, self._value))

    def __repr__(self) -> str:
        return "Pseudonym(…)"


@dataclass(frozen=True, slots=True, order=True)
class MessageId:
    """Identity of a message: CloudEvents `source` and `id` together are the duplicate key."""

    source: Oin
    id: str


class Event(StrEnum):
    """What a message says happened (`MessageHeader.eventCoding.code`)."""

    INVOLVEMENT_STARTED = "involvement-started"
    INVOLVEMENT_UPDATED = "involvement-updated"
    INVOLVEMENT_ENDED = "involvement-ended"
    INVOLVEMENT_RETRACTED = "involvement-retracted"
    HOUSEHOLD_ASSERTED = "household-asserted"
    CONSENT_GIVEN = "consent-given"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    CONSENT_OBJECTED = "consent-objected"


class Phase(StrEnum):
    """Where an involvement stands."""

    PROVISIONAL = "provisional"
    """Asserted, not yet confirmed: a report whose safety assessment still runs."""
    ACTIVE = "active"
    ENDED = "ended"
    RETRACTED = "retracted"
    """Entered in error; as if it had never been asserted."""


class SecrecyClass(StrEnum):
    """How sensitive the mere fact of the involvement is (HL7 v3-Confidentiality code)."""

    NORMAL = "N"
    RESTRICTED = "R"
    VERY_RESTRICTED = "V"


class ConsentEffect(StrEnum):
    """What the person or the holders of authority said."""

    PERMIT = "permit"
    OBJECT = "object"
    WITHDRAWN = "withdrawn"
    """An earlier statement under the same reference no longer holds."""


class Decider(StrEnum):
    """Who gave or refused consent (Jeugdwet and WGBO age rule, see `docs/adr`)."""

    SUBJECT = "subject"
    AUTHORITY_HOLDERS = "authority-holders"
    SUBJECT_AND_AUTHORITY_HOLDERS = "subject-and-authority-holders"


def _in_order(since: date | None, until: date | None, path: str) -> None:
    if since is not None and until is not None and until < since:
        raise InvalidInput.at(path, "must not be before the start")


@dataclass(frozen=True, slots=True, kw_only=True)
class InvolvementFact:
    """A partner's statement that it is, was or was never involved with a person.

    `since` and `until` are whole days, both inclusive. `desk` is the code of the partner's contact desk; how
    to reach it is resolved when the involvement is read.
    """

    partner: Oin
    reference: Reference
    subject: Pseudonym
    phase: Phase
    since: date
    until: date | None = None
    desk: str
    secrecy: SecrecyClass = SecrecyClass.NORMAL
    shielded: bool = False

    def __post_init__(self) -> None:
        _in_order(self.since, self.until, "involvement.until")

    def is_current(self, on: date) -> bool:
        """Tell whether the involvement counts on that day: provisional or active, and within its period."""
        return (
            self.phase in {Phase.PROVISIONAL, Phase.ACTIVE}
            and self.since <= on
            and (self.until is None or on <= self.until)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdMember:
    """One person in a household assertion; `role` is an HL7 v3-RoleCode or None."""

    subject: Pseudonym
    role: str | None = None
    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        _in_order(self.since, self.until, "member.until")

    def is_current(self, on: date) -> bool:
        """Tell whether the person belongs to the household on that day."""
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdFact:
    """A partner's statement which persons form one household; a later one replaces it whole.

    `suppressed` is set where a member has the *indicatie geheim* (BRP 70.10): the assertion is kept and links
    nobody. No member at all ends the assertion.
    """

    partner: Oin
    reference: Reference
    members: tuple[HouseholdMember, ...]
    suppressed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentFact:
    """A statement by or for a person about showing involvements of some holders to some askers.

    The three scopes are never empty: who means every kind lists every kind. `until` is inclusive and never
    past the person's next 12th, 16th or 18th birthday: the adapter sends that date, never the birth date.
    """

    partner: Oin
    reference: Reference
    subject: Pseudonym
    effect: ConsentEffect
    decided_by: Decider
    holder_kinds: frozenset[PartnerKind]
    asking_kinds: frozenset[PartnerKind]
    purposes: frozenset[str]
    since: date
    until: date | None = None

    def __post_init__(self) -> None:
        _in_order(self.since, self.until, "consent.until")
        for path, scope in (
            ("consent.holder_kinds", self.holder_kinds),
            ("consent.asking_kinds", self.asking_kinds),
            ("consent.purposes", self.purposes),
        ):
            if not scope:
                raise InvalidInput.at(path, "must name at least one; an empty scope is refused")

    def is_current(self, on: date) -> bool:
        """Tell whether the statement holds on that day."""
        return (
            self.effect is not ConsentEffect.WITHDRAWN
            and self.since <= on
            and (self.until is None or on <= self.until)
        )


Fact = InvolvementFact | HouseholdFact | ConsentFact


@dataclass(frozen=True, slots=True, kw_only=True)
class FactMessage:
    """A fact on its way: who says it, what happened, and when the partner's own system recorded it.

    `recorded_at` (time zone aware) orders versions of one fact; the message id breaks a tie.
    """

    id: MessageId
    event: Event
    recorded_at: datetime
    fact: Fact


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
    subject: one hop, never transitive. `involvements` and `consents` are the current ones of all members.
    `kinds` maps every partner in `involvements` that is switched on to its kind.
    """

    subject: Pseudonym
    members: frozenset[Pseudonym]
    involvements: tuple[InvolvementFact, ...]
    consents: tuple[ConsentFact, ...]
    kinds: Mapping[Oin, PartnerKind]
