"""The facts partners assert, and the messages that carry them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from gateway.domain.names import Oin, PartnerKind, Reference
from gateway.domain.persons import Subject
from gateway.errors import InvalidInput


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
    SUBJECT_MERGED = "subject-merged"
    SUBJECT_MERGE_UNDONE = "subject-merge-undone"


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
    UNDETERMINED = "undetermined"
    """Who has authority is not established, or under investigation: a person must review it first."""


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
    subject: Subject
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

    subject: Subject
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
    nobody, and whom it names no other assertion links either. No member at all ends the assertion.
    """

    partner: Oin
    reference: Reference
    members: tuple[HouseholdMember, ...]
    suppressed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentFact:
    """A statement by or for a person about showing involvements of some holders to some askers.

    The three scopes are never empty: who means every kind lists every kind. `holders` and `askers` narrow the
    kinds to organisations; empty is every organisation of the kinds. `until` is inclusive and never past the
    person's next 12th, 16th or 18th birthday: the adapter sends that date, never the birth date.

    `version` is the id of the message in which the index got it, and empty outside the index; two statements that
    differ in nothing else are equal.
    """

    partner: Oin
    reference: Reference
    subject: Subject
    effect: ConsentEffect
    decided_by: Decider
    holder_kinds: frozenset[PartnerKind]
    asking_kinds: frozenset[PartnerKind]
    purposes: frozenset[str]
    since: date
    until: date | None = None
    holders: frozenset[Oin] = frozenset()
    askers: frozenset[Oin] = frozenset()
    version: str = field(default="", compare=False)

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
        """Tell whether the statement holds on that day; consent that waits for a review does not, an objection does."""
        waits = self.effect is ConsentEffect.PERMIT and self.decided_by is Decider.UNDETERMINED
        return (
            not waits
            and self.effect is not ConsentEffect.WITHDRAWN
            and self.since <= on
            and (self.until is None or on <= self.until)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeFact:
    """A partner's statement that what it recorded under one person, up to then, was about another.

    Two of its records turned out to be one person, or a record had another person's number. It holds for the
    partner's own facts and for no other's. `undone` takes it back, for good under this reference.
    """

    partner: Oin
    reference: Reference
    old: Subject
    new: Subject
    undone: bool = False

    def __post_init__(self) -> None:
        if self.old.overlaps(self.new):
            raise InvalidInput.at("merge.new", "must be another person than the old one")


Fact = InvolvementFact | HouseholdFact | ConsentFact | MergeFact


@dataclass(frozen=True, slots=True, kw_only=True)
class FactMessage:
    """A fact on its way: who says it, what happened, and when the partner's own system recorded it.

    `recorded_at` (time zone aware) orders versions of one fact; the message id breaks a tie.
    """

    id: MessageId
    event: Event
    recorded_at: datetime
    fact: Fact
