"""From records to units: each record is read and mapped on its own, then what belongs together is combined.

A unit is one involvement, household, consent, retraction, or something about who is who. It knows
which records it comes from, so that the report can say of each record whether anything was sent for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from adapters.kit.adapter import Adapter
from adapters.kit.dates import in_order, not_after
from adapters.kit.keys import ReferenceKind, opaque_reference
from adapters.kit.manifest import ExportStyle
from adapters.kit.model import (
    ConsentDraft,
    Draft,
    InvolvementDraft,
    Mapped,
    MappingContext,
    MembershipDraft,
    MergeDraft,
    PersonDraft,
    SourceRecord,
    UnreadableRecord,
    WithoutBsn,
)
from adapters.kit.report import AWAITING_REVIEW, Detail, Outcome
from gateway.clock import CLOCK_TOLERANCE
from gateway.domain import Phase
from gateway.errors import InvalidInput

_STANDING = (Phase.ACTIVE, Phase.PROVISIONAL, Phase.ENDED, Phase.RETRACTED)
"""Which phase stands when several records describe one involvement: the first one that any of them has."""
_OPEN = (Phase.ACTIVE, Phase.PROVISIONAL)


@dataclass(slots=True, kw_only=True)
class InvolvementUnit:
    """One involvement to assert."""

    draft: InvolvementDraft
    records: list[int]
    recorded_at: datetime | None


@dataclass(slots=True, kw_only=True)
class RetractionUnit:
    """One involvement to retract, if it was sent before."""

    key: str = field(repr=False)
    records: list[int]
    recorded_at: datetime | None


@dataclass(slots=True, kw_only=True)
class ConsentUnit:
    """One consent, objection or withdrawal."""

    draft: ConsentDraft
    records: list[int]
    recorded_at: datetime | None


@dataclass(slots=True, kw_only=True)
class HouseholdUnit:
    """One household with all its memberships; `records[i]` is the record of `memberships[i]`."""

    key: str = field(repr=False)
    memberships: list[MembershipDraft] = field(default_factory=list)
    records: list[int] = field(default_factory=list)
    recorded_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class PersonUnit:
    """The BSN of one of the partner's numbers."""

    draft: PersonDraft
    records: list[int]
    recorded_at: datetime | None


@dataclass(slots=True, kw_only=True)
class MergeUnit:
    """One merge of two of the partner's numbers."""

    draft: MergeDraft
    records: list[int]
    recorded_at: datetime | None


@dataclass(slots=True, kw_only=True)
class UndoUnit:
    """Merges to undo, those of these keys that were sent before."""

    keys: Sequence[str] = field(repr=False)
    records: list[int]
    recorded_at: datetime | None


Unit = InvolvementUnit | RetractionUnit | ConsentUnit | HouseholdUnit | PersonUnit | MergeUnit | UndoUnit


@dataclass(slots=True, kw_only=True)
class MappedExport:
    """All records of one export: `outcomes[i]` is the outcome of record i, None where its units decide.

    `places[i]` is where it stands in the export.
    """

    units: list[Unit] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    outcomes: list[Outcome | None] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    problems: dict[int, InvalidInput] = field(default_factory=dict)
    """What was wrong, by the number of the record."""


class Mapper:
    """Maps the records of one export. Keeps units in the order in which their first record came."""

    def __init__(
        self, adapter: Adapter, context: MappingContext, *, reference_key: bytes, now: datetime
    ) -> None:
        self._adapter = adapter
        self._context = context
        self._reference_key = reference_key
        self._now = now
        self._combines = adapter.manifest.export is ExportStyle.STATE
        self._export = MappedExport()
        self._involvements: dict[str, InvolvementUnit] = {}
        self._households: dict[str, HouseholdUnit] = {}

    def map_all(
        self, records: Iterable[SourceRecord[Any] | UnreadableRecord], *, on_record: Callable[[int], None]
    ) -> MappedExport:
        """Map every record; one that cannot be mapped is a line of the report and stops no other.

        `on_record` is told how many records were read so far.

        Raises:
            InvalidInput: from the source: the export as a whole cannot be read.

        """
        for number, record in enumerate(records):
            self._export.places.append(record.place)
            self._take(number, record)
            on_record(number + 1)
        self._export.units += self._households.values()
        return self._export

    def _take(self, number: int, record: SourceRecord[Any] | UnreadableRecord) -> None:
        outcome: Outcome | None = None
        try:
            if isinstance(record, UnreadableRecord):
                raise record.error
            mapped = self._adapter.map(record, self._context)
            self._refuse_future(record)
            for draft in mapped.drafts:
                check_dates(draft, self._context.today)
        except WithoutBsn as error:
            outcome = Outcome.WITHOUT_BSN
            reference = (
                opaque_reference(self._reference_key, ReferenceKind.INVOLVEMENT, error.key)
                if error.key
                else None
            )
            self._tell(record.place, outcome, error, reference=reference)
            self._export.problems[number] = error
            if isinstance(record, SourceRecord):
                self._retract(number, record, error.retracts)
        except InvalidInput as error:
            outcome = Outcome.REJECTED
            self._tell(record.place, outcome, error)
            self._export.problems[number] = error
        else:
            outcome = self._keep(number, record, mapped)
        self._export.outcomes.append(outcome)

    def _keep(self, number: int, record: SourceRecord[Any], mapped: Mapped) -> Outcome | None:
        self._retract(number, record, mapped.retracts)
        for draft in mapped.drafts:
            self._add(number, draft, record.recorded_at)
            if isinstance(draft, ConsentDraft) and draft.waits_for_review:
                self._tell_to_review(record.place, draft)
        if mapped.undoes:
            unit = UndoUnit(keys=mapped.undoes, records=[number], recorded_at=record.recorded_at)
            self._export.units.append(unit)
        if mapped.left_out is None:
            return None
        reason = mapped.left_out.value
        self._export.details.append(Detail(place=record.place, outcome=Outcome.LEFT_OUT.value, reason=reason))
        return Outcome.LEFT_OUT

    def _retract(self, number: int, record: SourceRecord[Any], keys: Sequence[str]) -> None:
        for key in keys:
            unit = RetractionUnit(key=key, records=[number], recorded_at=record.recorded_at)
            self._export.units.append(unit)

    def _add(self, number: int, draft: Draft, recorded_at: datetime | None) -> None:
        match draft:
            case InvolvementDraft():
                self._add_involvement(number, draft, recorded_at)
            case MembershipDraft():
                unit = self._households.setdefault(draft.household, HouseholdUnit(key=draft.household))
                unit.memberships.append(draft)
                unit.records.append(number)
                unit.recorded_at = latest(unit.recorded_at, recorded_at)
            case ConsentDraft():
                self._export.units.append(ConsentUnit(draft=draft, records=[number], recorded_at=recorded_at))
            case PersonDraft():
                self._export.units.append(PersonUnit(draft=draft, records=[number], recorded_at=recorded_at))
            case MergeDraft():
                self._export.units.append(MergeUnit(draft=draft, records=[number], recorded_at=recorded_at))

    def _add_involvement(self, number: int, draft: InvolvementDraft, recorded_at: datetime | None) -> None:
        known = self._involvements.get(draft.key) if self._combines else None
        if known is None:
            unit = InvolvementUnit(draft=draft, records=[number], recorded_at=recorded_at)
            self._involvements[draft.key] = unit
            self._export.units.append(unit)
        else:
            known.draft = combine(known.draft, draft)
            known.records.append(number)
            known.recorded_at = latest(known.recorded_at, recorded_at)

    def _tell_to_review(self, place: str, draft: ConsentDraft) -> None:
        reason = "it is not established who decides; the consent does not count before that was reviewed"
        reference = opaque_reference(self._reference_key, ReferenceKind.CONSENT, draft.key)
        self._export.details.append(
            Detail(place=place, outcome=AWAITING_REVIEW, reason=reason, reference=reference)
        )

    def _refuse_future(self, record: SourceRecord[Any]) -> None:
        if record.recorded_at is not None and record.recorded_at > self._now + CLOCK_TOLERANCE:
            raise InvalidInput.at("recorded_at", "must not be in the future")

    def _tell(
        self, place: str, outcome: Outcome, error: InvalidInput, *, reference: str | None = None
    ) -> None:
        self._export.details.append(Detail.of(place, outcome.value, error.violations, reference=reference))


def check_dates(draft: Draft, today: date) -> None:
    """Refuse what no fact may say, whatever the adapter checked: InvalidInput names `since` or `until`."""
    if isinstance(draft, PersonDraft | MergeDraft):
        return
    if draft.since is not None:
        in_order(draft.since, draft.until, path="until")
    if isinstance(draft, InvolvementDraft):
        not_after(draft.since, today, path="since")


def combine(one: InvolvementDraft, other: InvolvementDraft) -> InvolvementDraft:
    """Return the involvement that two records of one situation describe together.

    The earliest start; open if either is open; the end is the later one of those that count. Secrecy and
    shielding are the stricter of the two. The desk is that of the record that stands: of two with one phase the
    one that started last. The order of the two does not matter.
    """
    stands = min(
        (one, other),
        key=lambda draft: (_STANDING.index(draft.phase), -draft.since.toordinal(), draft.desk),
    )
    ends = [draft.until for draft in (one, other) if (draft.phase in _OPEN) == (stands.phase in _OPEN)]
    return replace(
        stands,
        since=min(one.since, other.since),
        until=None if None in ends else max(end for end in ends if end is not None),
        secrecy=max(one.secrecy, other.secrecy, key=lambda secrecy: "NRV".index(secrecy.value)),
        shielded=one.shielded or other.shielded,
    )


def latest(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later of two moments; None counts as none."""
    if one is None or other is None:
        return one or other
    return max(one, other)
