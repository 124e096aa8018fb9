"""What an adapter hands to the kit: records as read, drafts as mapped, and the reasons for what is left out.

A draft still holds a BSN and the partner's own record numbers. It lives for the moment between the mapping
and the pseudonym; the kit turns the number into an opaque reference and the BSN into a pseudonym, and only
then anything is written down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from gateway.domain import Bsn, ConsentEffect, Decider, Oin, PartnerKind, Phase, SecrecyClass
from gateway.errors import InvalidInput, RecordRejected, Violation

Content = TypeVar("Content")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord(Generic[Content]):
    """One record about one person, as the source gave it.

    `place` says where it stands in the export, without any of its content ("line 12"). `recorded_at` is when
    the partner's system recorded it, where the format tells (HL7 EVN-2); None means: when it was read.
    """

    place: str
    content: Content = field(repr=False)
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRecord:
    """A record that the source could not read; the rest of the export goes on."""

    place: str
    error: InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class InvolvementDraft:
    """An involvement to assert. `key` is the partner's own number; it leaves only as an opaque reference."""

    key: str = field(repr=False)
    bsn: Bsn
    person: str = field(default="", repr=False)
    """The partner's own number of the person, where the source has one: when that number gets another BSN, or is
    merged into another one, the kit finds by it what was sent."""
    phase: Phase
    since: date
    until: date | None = None
    desk: str
    secrecy: SecrecyClass = SecrecyClass.NORMAL
    shielded: bool = False
    reopens: bool = True
    """False for a mere update (HL7 A08): it never brings back what was said to be ended or retracted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipDraft:
    """One person of a household. The kit groups memberships with one `household` key into one assertion."""

    household: str = field(repr=False)
    bsn: Bsn
    role: str | None = None
    since: date | None = None
    until: date | None = None
    secret: bool = False
    """The person has the *indicatie geheim*: the assertion is sent and links nobody."""
    closed: date | None = None
    """From when this record speaks for the household no more. Once every record of the household has such a
    day, all its members end on the latest; as long as one has none, the household stands as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDraft:
    """A consent, objection or withdrawal. `until` already ends at the next 12th, 16th or 18th birthday.

    `holders` and `askers` narrow the kinds to organisations; none is every organisation of the kinds. Consent of which
    it is `UNDETERMINED` who had to give it is sent and does not count: the run's report says that it waits.
    """

    key: str = field(repr=False)
    bsn: Bsn
    effect: ConsentEffect
    decided_by: Decider
    holder_kinds: frozenset[PartnerKind]
    asking_kinds: frozenset[PartnerKind]
    purposes: frozenset[str]
    since: date
    until: date | None = None
    holders: frozenset[Oin] = frozenset()
    askers: frozenset[Oin] = frozenset()

    @property
    def waits_for_review(self) -> bool:
        """Tell whether it is consent that a person has to review before it counts."""
        return self.effect is ConsentEffect.PERMIT and self.decided_by is Decider.UNDETERMINED


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDraft:
    """Which BSN the person with one of the partner's own numbers has; it registers nobody.

    Where that number was sent under another BSN, the BSN was corrected, and what was said moves to the new one.
    """

    person: str = field(repr=False)
    bsn: Bsn


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeDraft:
    """Two of the partner's records of persons are one: `old` was merged into `new` (HL7 A40).

    `key` is the partner's name for this merge: an undoing names it again. `old` and `new` are numbers as in
    `InvolvementDraft.person`, or empty. Where the record gives no BSN, the one counts under which the number was
    sent last. An involvement whose key is the old number itself goes on under the new one; others keep theirs.
    """

    key: str = field(repr=False)
    old: str = field(default="", repr=False)
    new: str = field(default="", repr=False)
    old_bsn: Bsn | None = None
    new_bsn: Bsn | None = None


Draft = InvolvementDraft | MembershipDraft | ConsentDraft | PersonDraft | MergeDraft


class LeftOut(StrEnum):
    """Why a record that can be read registers nobody. Each is counted in the report, none is an error."""

    ADVICE_ONLY = "advice-only"
    """Veilig Thuis gave advice: that registers nobody."""
    ROLE_NOT_REGISTERED = "role-not-registered"
    """A reporter, a witness, an officer: never registered."""
    EVENT_NOT_REGISTERED = "event-not-registered"
    """The event says nothing about an involvement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What one record maps to: drafts, or the reason why there are none.

    `retracts` are keys of involvements, sent before, that this record says were an error (HL7 A11); the kit
    retracts those it has sent and ignores the others. `undoes` are keys of merges that this record takes back
    (HL7 A37); the kit undoes those that stand, once. A record that is left out may have a `PersonDraft`.
    """

    drafts: Sequence[Draft] = ()
    left_out: LeftOut | None = None
    retracts: Sequence[str] = ()
    undoes: Sequence[str] = ()


class WithoutBsn(RecordRejected):
    """The record is about a person without a BSN: it cannot be registered, is counted and never guessed.

    `retracts` is as in `Mapped`: to take back what was sent, the number under which it was sent is enough.
    """

    def __init__(self, path: str, *, key: str = "", retracts: Sequence[str] = ()) -> None:
        super().__init__(Violation(path, "holds no BSN"))
        self.key = key
        self.retracts = tuple(retracts)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingContext:
    """What a pure mapping may know besides the record.

    `today` is the day of the run in the partner's time zone. `options` is the `[adapter]` table of the
    partner's settings, checked by the adapter.
    """

    today: date
    options: Mapping[str, object] = field(default_factory=dict)
