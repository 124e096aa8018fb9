"""Runs an adapter without bus or index: a fixed clock, a fake pseudonymiser, and a way to read what was queued."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.kit.adapter import Adapter, Configurable
from adapters.kit.facts import FactMaker
from adapters.kit.model import MappingContext
from adapters.kit.outbox import Outbox
from adapters.kit.run import Runner, Surroundings
from adapters.kit.speaking import Signing, Speaker
from adapters.kit.state import StateFile
from gateway.bus.ports import BusRecord, Publisher
from gateway.domain import Bsn, FactMessage, Oin, Pseudonym, Subject
from gateway.errors import BusUnavailable, StoreUnavailable
from gateway.messages.parse import parse_bundle
from gateway.messages.signing import key_id
from gateway.pseudonyms.ports import EvaluationPurpose, Pseudonymiser

OIN = Oin("00000099000000010000")
TODAY = datetime(2024, 8, 1, 12, tzinfo=UTC)
CONTEXT = MappingContext(today=TODAY.date())
REFERENCE_KEY = bytes(range(32))
TEST_BSNS = ("999993653", "999911120", "999990019", "111222333", "123456782")


def subject_of(bsn: str, *epochs: int) -> Subject:
    """Return what the fake makes of a BSN, under these epochs (the first, if none is named)."""
    return Subject(
        *(
            Pseudonym(hashlib.sha256(f"{bsn} epoch {epoch}".encode()).digest(), epoch=epoch)
            for epoch in epochs or (1,)
        )
    )


class FakePseudonymiser(Pseudonymiser):
    """Gives each BSN its hash, and can be away. `epochs` are those that are current."""

    def __init__(self) -> None:
        self.away = False
        self.epochs: tuple[int, ...] = (1,)
        self.batches: list[int] = []

    async def pseudonymise(
        self,
        persons: Sequence[Bsn],
        *,
        purpose: EvaluationPurpose,
    ) -> Sequence[Subject]:
        if self.away:
            raise StoreUnavailable("the pseudonym service is away")
        self.batches.append(len(persons))
        return [subject_of(person.reveal(), *self.epochs) for person in persons]

    def current_epochs(self) -> Set[int]:
        return set(self.epochs)


class MemoryPublisher(Publisher):
    """Keeps what it is given; breaks down after `most` records, as a bus that goes away."""

    def __init__(self, *, most: int | None = None) -> None:
        self.records: list[BusRecord] = []
        self.most = most

    async def publish(self, records: Sequence[BusRecord]) -> None:
        for record in records:
            if self.most is not None and len(self.records) >= self.most:
                raise BusUnavailable("the bus is away")
            self.records.append(record)


@dataclass
class Workbench:
    """One partner's side: its state file, its outbox and a clock that tests move."""

    folder: Path
    adapter: Adapter
    options: dict[str, object] = field(default_factory=dict)
    now: datetime = TODAY
    pseudonymiser: FakePseudonymiser = field(default_factory=FakePseudonymiser)

    def __post_init__(self) -> None:
        self.file = StateFile(self.folder / "state.sqlite3")
        self.outbox = Outbox(self.file)
        key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        self._speaker = Speaker(
            self.file,
            FactMaker(partner=OIN, reference_key=REFERENCE_KEY),
            Signing(key=key, kid=key_id(key)),
        )
        if isinstance(self.adapter, Configurable):
            self.adapter = self.adapter.with_options(self.options)

    def runner(self) -> Runner:
        """Return a runner as a new process would have it."""
        return Runner(
            self.adapter,
            self._speaker,
            pseudonymiser=self.pseudonymiser,
            surroundings=Surroundings(
                reference_key=REFERENCE_KEY,
                quarantine=self.folder / "quarantine",
                zone=ZoneInfo("Europe/Amsterdam"),
                options=self.options,
            ),
            clock=lambda: self.now,
        )

    async def run(self, export: Path) -> dict[str, Any]:
        """Run over an export; the clock moves on a minute, so that later runs are later."""
        report = await self.runner().run_file(export)
        self.now += timedelta(minutes=1)
        return report.as_json()

    def drain(self) -> list[FactMessage]:
        """Return the messages that wait, read back from their bytes, and acknowledge them."""
        messages = []
        while waiting := self.outbox.waiting(most=500):
            messages += [parse_bundle(message.record.value) for message in waiting]
            self.outbox.acknowledge(waiting)
        return messages

    def write(self, name: str, content: str | bytes) -> Path:
        """Write an export."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path
