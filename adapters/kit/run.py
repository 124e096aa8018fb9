"""One run: read, map, pseudonymise in batches, compare, queue. What is queued is durable; the sender sends it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from adapters.kit.adapter import Adapter
from adapters.kit.events import EXPORT_QUARANTINED, EXPORT_READ
from adapters.kit.facts import persons_of
from adapters.kit.mapping import MappedExport, Mapper, Unit
from adapters.kit.model import MappingContext, SourceRecord, UnreadableRecord
from adapters.kit.options import LARGEST_EXPORT_BYTES
from adapters.kit.quarantine import quarantine
from adapters.kit.report import COUNTS, NOT_SAID, QUARANTINED, Detail, Outcome, Report
from adapters.kit.speaking import Said, Speaker
from gateway.domain import Bsn, Subject
from gateway.errors import InvalidInput, PseudonymsUnavailable, QuotaExceeded, StoreUnavailable
from gateway.pseudonyms.ports import EvaluationPurpose, Pseudonymiser

BATCH = 200
"""Units a transaction: small enough that another process does not wait long for the state file."""

Clock = Callable[[], datetime]
Records = Iterable[SourceRecord[Any] | UnreadableRecord]


class Progress:
    """Told how far a run is; this one stays silent."""

    def on_record(self, count: int) -> None:
        """So many records were read."""

    def on_unit(self, count: int, total: int) -> None:
        """So many units of the total were compared and queued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a run takes from the partner's settings. `options` is the `[adapter]` table."""

    reference_key: bytes = field(repr=False)
    quarantine: Path
    zone: tzinfo
    options: dict[str, object] = field(default_factory=dict, repr=False)
    largest_export_bytes: int = LARGEST_EXPORT_BYTES


class Runner:
    """Takes records in, and queues messages for what is new. Used by one task at a time."""

    def __init__(
        self,
        adapter: Adapter,
        speaker: Speaker,
        *,
        pseudonymiser: Pseudonymiser,
        surroundings: Surroundings,
        clock: Clock,
    ) -> None:
        self._adapter = adapter
        self._speaker = speaker
        self._pseudonymiser = pseudonymiser
        self._around = surroundings
        self._clock = clock
        self.queued: set[str] = set()
        """Ids of the messages queued by this runner so far."""

    async def run_file(self, export: Path, progress: Progress | None = None) -> Report:
        """Take a whole export in; one that cannot be read goes to quarantine and nothing of it is queued.

        Raises:
            Unavailable: the pseudonym service, the state file or the export itself is away. What was queued
                stays queued; the same export again goes on where this stopped.

        """
        try:
            self._check_size(export)
            report, _problems = await self._take(self._adapter.read(export), progress or Progress())
        except InvalidInput as error:
            return self._quarantine(export, error)
        except OSError as error:
            raise StoreUnavailable(f"the export cannot be read: {error.strerror}") from None
        return report

    async def take_one(
        self, record: SourceRecord[Any] | UnreadableRecord
    ) -> tuple[Report, InvalidInput | None]:
        """Take one record in and say what was wrong with it; it is durable when this returns.

        Raises:
            Unavailable: the record was not taken in; its sender must send it again.

        """
        report, problems = await self._take([record], Progress())
        return report, problems.get(0)

    async def _take(self, records: Records, progress: Progress) -> tuple[Report, Mapping[int, InvalidInput]]:
        now = self._clock()
        context = MappingContext(today=now.astimezone(self._around.zone).date(), options=self._around.options)
        mapper = Mapper(self._adapter, context, reference_key=self._around.reference_key, now=now)
        mapped = mapper.map_all(records, on_record=progress.on_record)
        spoken: set[int] = set()
        report = Report(details=mapped.details)
        for done, batch in _batches(mapped.units):
            said = await self._say(batch, now)
            spoken |= said.records
            report.messages += len(said.message_ids)
            report.details += [
                Detail(place=mapped.places[record], outcome=NOT_SAID, reason=reason)
                for record, reason in said.unsaid
            ]
            progress.on_unit(done, len(mapped.units))
        report.count(_outcomes(mapped, spoken))
        counts = {name: getattr(report, name) for name in COUNTS if name != QUARANTINED}
        EXPORT_READ.emit(kind=self._adapter.manifest.kind, **counts)
        return report, mapped.problems

    async def _say(self, units: Sequence[Unit], now: datetime) -> Said:
        epochs = self._pseudonymiser.current_epochs()
        units = [unit for unit in units if self._speaker.concerns(unit, units, epochs)]
        persons = list(dict.fromkeys(person for unit in units for person in persons_of(unit)))
        said = self._speaker.say(units, await self._subjects(persons), now=now, epochs=epochs)
        self.queued.update(said.message_ids)
        return said

    async def _subjects(self, persons: Sequence[Bsn]) -> Mapping[Bsn, Subject]:
        if not persons:
            return {}
        try:
            found = await self._pseudonymiser.pseudonymise(persons, purpose=EvaluationPurpose.REGISTRATION)
        except QuotaExceeded as error:
            # Nothing is wrong with the records: the quota fills up again, and the same run goes on then.
            seconds = f"{error.retry_after_seconds:.0f} seconds"
            raise PseudonymsUnavailable(f"{error}; more can be derived in {seconds}") from None
        return dict(zip(persons, found, strict=True))

    def _check_size(self, export: Path) -> None:
        if export.stat().st_size > self._around.largest_export_bytes:
            raise InvalidInput.at(
                "file", f"must not be larger than {self._around.largest_export_bytes} bytes"
            )

    def _quarantine(self, export: Path, error: InvalidInput) -> Report:
        quarantine(export, self._around.quarantine, error, at=self._clock())
        EXPORT_QUARANTINED.emit(kind=self._adapter.manifest.kind, rules=str(error))
        return Report(quarantined=1, details=[Detail.of(export.name, QUARANTINED, error.violations)])


def _batches(units: Sequence[Unit]) -> Iterator[tuple[int, Sequence[Unit]]]:
    for start in range(0, len(units), BATCH):
        batch = units[start : start + BATCH]
        yield start + len(batch), batch


def _outcomes(mapped: MappedExport, spoken: Set[int]) -> Counter[Outcome]:
    return Counter(
        outcome or (Outcome.SENT if number in spoken else Outcome.UNCHANGED)
        for number, outcome in enumerate(mapped.outcomes)
    )
