"""The pseudonym key is rotated while adapters send and partners ask, and no answer changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.cli.demo.backends import fresh_oin_series
from gateway.database import begin, open_engine
from gateway.domain import Bsn
from gateway.errors import Unavailable
from gateway.index.sql.tables import subject_keys
from gateway.pseudonyms.client import open_pseudonymiser
from gateway.pseudonyms.ports import EvaluationPurpose, Pseudonymiser
from tests.support.bsns import consecutive_bsns, valid_from
from tests.support.hl7 import adt, pv1
from tests.support.trial import Trial
from tests.support.veilig_thuis import csv_of, row
from verwijsindex.client import (
    IndexClient,
    IndexClientError,
    Involvement,
    Professional,
    SubjectPseudonym,
    connect,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rotation")]

FAMILIES = 8
FAMILY = 3
IN_EXPORT = 2 * FAMILIES * FAMILY
"""Persons in the export of Veilig Thuis: each has an involvement and stands in a household."""
FIRST_STRANGER = 999_500_000
ASKER = Professional(id="proef-medewerker", role="maatschappelijk-werker", mandate="eigen-taak")
PURPOSE = "safety-assessment"

Seen = dict[str, tuple[Involvement, ...]]


def admission(person: Bsn, number: str) -> bytes:
    identifiers = f"{person.reveal()}^^^NLMINBIZA^NNNLD~{number}^^^LOCAL^PI"
    return adt("A01", f"PID|1||{identifiers}||SYNTHETISCH^A", pv1(visit=f"V{number}"))


@dataclass
class Watcher:
    """Asks about everybody again and again, and keeps every answer that differs from the first."""

    index: IndexClient
    pseudonymiser: Pseudonymiser
    persons: list[Bsn]
    rounds: int = 0
    epochs: set[tuple[int, ...]] = field(default_factory=set)
    differences: list[str] = field(default_factory=list)
    first: Seen = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def look(self) -> Seen:
        """Ask about everybody once; asks again while a process is being started anew."""
        while True:
            try:
                return await self._look()
            except (Unavailable, IndexClientError):
                await asyncio.sleep(0.05)

    async def _look(self) -> Seen:
        subjects = await self.pseudonymiser.pseudonymise(self.persons, purpose=EvaluationPurpose.LOOKUP)
        seen: Seen = {}
        for person, subject in zip(self.persons, subjects, strict=True):
            self.epochs.add(tuple(each.epoch for each in subject.pseudonyms))
            asked = [SubjectPseudonym(value=each.reveal(), epoch=each.epoch) for each in subject.pseudonyms]
            answer = await self.index.lookup(asked, purpose=PURPOSE, professional=ASKER, own_case=False)
            seen[person.reveal()] = answer.involvements
        return seen

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            seen = await self.look()
            async with self.changed:
                self.rounds += 1
                self.changed.notify_all()
            self.differences += [
                f"round {self.rounds}, epochs {sorted(self.epochs)}"
                for person, involvements in seen.items()
                if involvements != self.first[person]
            ]

    async def round_from_now(self) -> None:
        """Wait until a whole round that began from now on is over."""
        async with self.changed, asyncio.timeout(120):
            done = self.rounds
            await self.changed.wait_for(lambda: self.rounds >= done + 2)


@dataclass
class Site:
    """A trial site with its processes, and the two exports that its partners deliver."""

    trial: Trial
    exports: dict[str, Path]

    def deliver(self, kind: str, *, check: bool = True) -> dict[str, Any]:
        """Run the adapter of a partner over its whole export."""
        report: dict[str, Any] = self.trial.json(
            *("adapter", "run", kind, "--config", str(self.trial.config(kind))),
            *("--file", str(self.exports[kind]), "--once", "--wait", "60"),
            check=check,
        )
        return report

    def custodian(self, *arguments: str) -> Any:
        """Run a command of the custodian."""
        config = self.trial.made["pseudonym_service"]["config"]
        return self.trial.json("pseudonyms", *arguments, "--config", config)

    def overlap(self) -> dict[str, Any]:
        """Return what the index says about the rotation."""
        config = self.trial.made["index_config"]
        found: dict[str, Any] = self.trial.json("pseudonyms", "overlap", "--config", config, check=False)
        return found

    async def rows_of(self, epoch: int) -> int:
        """Return how many pseudonyms of an epoch the index still has."""
        engine = open_engine(self.trial.settings.store)
        try:
            async with begin(engine) as connection:
                found = await connection.execute(
                    select(func.count()).select_from(subject_keys).where(subject_keys.c.epoch == epoch)
                )
                return int(found.scalar_one())
        finally:
            await engine.dispose()

    async def until_no_rows_of(self, epoch: int) -> None:
        """Wait until the index has let go of an epoch."""
        async with asyncio.timeout(60):
            while await self.rows_of(epoch):  # noqa: ASYNC110 - another process changes the store
                await asyncio.sleep(0.05)


@dataclass
class Sender:
    """Delivers the export of the mental health care again and again, with new patients in it each time."""

    site: Site
    strangers: Iterator[Bsn] = field(default_factory=lambda: valid_from(FIRST_STRANGER))
    rounds: int = 0
    sent: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._admit()
            # A service or an index that is being started anew: the next round delivers what this one could not.
            report = await asyncio.to_thread(self.site.deliver, "ggz", check=False)
            async with self.changed:
                self.sent += report["messages"]
                self.rounds += report["receipts"]["awaiting"] == 0
                self.changed.notify_all()

    async def round_from_now(self) -> None:
        """Wait until a whole delivery that began from now on has its receipts."""
        async with self.changed, asyncio.timeout(120):
            done = self.rounds
            await self.changed.wait_for(lambda: self.rounds >= done + 2)

    def _admit(self) -> None:
        admitted = [next(self.strangers) for _ in range(2)]
        with self.site.exports["ggz"].open("ab") as file:
            file.writelines(admission(person, f"S{person.reveal()}") for person in admitted)


@contextmanager
def restarting(trial: Trial, command: str) -> Iterator[Any]:
    """Yield a function that kills a lasting command without warning and starts it again."""
    running = trial.process(command)
    process = running.__enter__()

    def again() -> None:
        nonlocal running, process
        process.kill()
        process.wait()
        running.__exit__(None, None, None)
        running = trial.process(command)
        process = running.__enter__()

    try:
        yield again
    finally:
        running.__exit__(None, None, None)


@pytest.fixture(params=["embedded", pytest.param("services", marks=pytest.mark.services)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    terms = {}
    if request.param == "services":
        terms = {
            "store_url": request.getfixturevalue("postgres_database"),
            "bus_url": f"kafka://{request.getfixturevalue('kafka_bootstrap')}",
            "oin_series": fresh_oin_series(),
        }
    trial = Trial.make(tmp_path / "site", **terms)
    with Path(trial.made["index_config"]).open("a") as settings:
        settings.write("\n[ingest]\nkeep_ended_epoch_hours = 0\n")
    custodian = Path(trial.made["pseudonym_service"]["config"])
    custodian.write_text(custodian.read_text().replace("= 10000\n", "= 1000000\n"))
    persons = consecutive_bsns(FAMILIES * FAMILY)
    rows = [row(casusnr=f"C-{number // FAMILY}", bsn=bsn.reveal()) for number, bsn in enumerate(persons)]
    veilig_thuis, ggz = tmp_path / "export.csv", tmp_path / "adt.hl7"
    veilig_thuis.write_text(csv_of(rows), "utf-8")
    ggz.write_bytes(b"".join(admission(bsn, f"L{number}") for number, bsn in enumerate(persons[::FAMILY])))
    return Site(trial, {"veilig_thuis": veilig_thuis, "ggz": ggz})


@asynccontextmanager
async def watching(site: Site) -> AsyncIterator[Watcher]:
    partner = site.trial.partner("veilig_thuis")
    tls = partner.tls
    async with (
        open_pseudonymiser(partner.pseudonyms, tls) as pseudonymiser,
        connect(
            partner.index.address, certificate=tls.certificate, key=tls.key, trusted_ca=tls.trusted_ca
        ) as index,
    ):
        watcher = Watcher(index, pseudonymiser, consecutive_bsns(FAMILIES * FAMILY))
        watcher.first = await watcher.look()
        stop = asyncio.Event()
        running = asyncio.create_task(watcher.run(stop))
        try:
            yield watcher
        finally:
            stop.set()
            await running


@asynccontextmanager
async def sending(site: Site) -> AsyncIterator[Sender]:
    sender, stop = Sender(site), asyncio.Event()
    running = asyncio.create_task(sender.run(stop))
    try:
        yield sender
    finally:
        stop.set()
        await running


async def test_every_answer_before_during_and_after_a_rotation_is_the_same(site: Site) -> None:
    do = asyncio.to_thread
    with (
        restarting(site.trial, "pseudonym-service") as restart_service,
        restarting(site.trial, "serve") as restart_index,
    ):
        await do(site.deliver, "veilig_thuis")
        await do(site.deliver, "ggz")
        async with watching(site) as watcher, sending(site) as sender:
            assert sum(map(len, watcher.first.values())) >= FAMILIES * FAMILY
            await watcher.round_from_now()
            before = await do(site.overlap)
            assert (before["current_epochs"], before["may_finish"]) == ([1], False)

            # Announced a little ahead, as a custodian would; then it begins by itself.
            starts = datetime.now(UTC) + timedelta(seconds=10)
            await do(site.custodian, "rotate", "--starts", starts.isoformat())
            await do(restart_service)
            while (1, 2) not in watcher.epochs:
                await watcher.round_from_now()

            # One partner delivers all the time, the other once more; the index is killed in between.
            await sender.round_from_now()
            during = await do(site.overlap)
            assert (during["left_behind"], during["may_finish"]) == (IN_EXPORT, False)
            await do(restart_index)
            await do(site.deliver, "veilig_thuis")
            await sender.round_from_now()
            after = await do(site.overlap)
            assert (after["current_epochs"], after["left_behind"], after["may_finish"]) == ([1, 2], 0, True)
            await watcher.round_from_now()

            await do(site.custodian, "rotate", "--finish")
            await do(restart_service)
            await do(restart_index)
            while (2,) not in watcher.epochs:
                await watcher.round_from_now()

            # The rows of the old epoch go by themselves, and a delivery after that has nothing new to say.
            await site.until_no_rows_of(1)
            assert (await do(site.deliver, "veilig_thuis"))["messages"] == 0
            await sender.round_from_now()
            await watcher.round_from_now()
        assert watcher.differences == []
        assert watcher.epochs == {(1,), (1, 2), (2,)}
        assert sender.sent > 0
    assert await site.rows_of(1) == 0
    assert await site.rows_of(2) > 0
