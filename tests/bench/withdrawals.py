"""How soon a withdrawal is effective: from its answer by one server process to a lookup on another that knows of it.

    python -m tests.bench.withdrawals [--postgres]

Fails above one second at the 95th percentile, and where a lookup that began after the answer still showed anything.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.trial_site import free_port
from gateway.clock import day_of, now
from gateway.domain import Phase
from gateway.index.sealing import Sealer
from gateway.index.sql.store import open_store
from gateway.keyfiles import load_secret
from tests.support.facts import involvement, message, person
from tests.support.postgres import PostgresServer, drop_database, fresh_database
from tests.support.trial import COMMAND, Trial, clean_environment
from verwijsindex.client import (
    ConsentScope,
    ConsentStatement,
    Decider,
    IndexClient,
    Professional,
    SubjectPseudonym,
    connect,
)

ROUNDS = 200
BOUND_SECONDS = 1.0
"""What was agreed for the 95th percentile."""
PURPOSE = "coordination-of-care"
HOLDER, ASKER = "ggz", "veilig_thuis"
ROLES = {HOLDER: "behandelaar", ASKER: "maatschappelijk-werker"}


@dataclass(frozen=True, slots=True)
class Effect:
    """What was measured, in seconds from the answer of a withdrawal to the answer of a lookup without it.

    `alone` are lookups before the withdrawal: it cannot be quicker than those. `stale` are lookups that began after the
    answer and showed what was withdrawn.
    """

    seconds: Sequence[float]
    alone: Sequence[float]
    stale: int

    def percentile(self, percent: int) -> float:
        """Return the time that so many percent of the withdrawals stayed within."""
        return sorted(self.seconds)[-(-len(self.seconds) * percent // 100) - 1]

    @property
    def median_alone(self) -> float:
        """The time of a lookup by itself."""
        return statistics.median(self.alone)

    @property
    def is_soon(self) -> bool:
        """Tell whether the bound is kept."""
        return self.percentile(95) < BOUND_SECONDS and not self.stale

    def __str__(self) -> str:
        p50, p95, most = (1000 * self.percentile(percent) for percent in (50, 95, 100))
        return (
            f"withdrawn on one process, gone on another: p50 {p50:.0f} ms, p95 {p95:.0f} ms, at most {most:.0f} ms"
            f" of {len(self.seconds)}, {self.stale} stale; bound: p95 < {BOUND_SECONDS:.0f} s"
        )


async def measure_withdrawals(folder: Path, *, store_url: str | None = None, rounds: int = ROUNDS) -> Effect:
    """Measure on the store, an SQLite file of the site's own if none is named."""
    terms = {} if store_url is None else {"store_url": store_url}
    trial = await asyncio.to_thread(Trial.make, folder, **terms)
    await _fill(trial)
    with ExitStack() as processes:
        here, there = (processes.enter_context(_server(trial, port)) for port in (free_port(), free_port()))
        async with AsyncExitStack() as connections:
            holder = await connections.enter_async_context(_client(trial, HOLDER, here))
            asker = await connections.enter_async_context(_client(trial, ASKER, there))
            return await _measure(holder, asker, rounds)


async def _measure(holder: IndexClient, asker: IndexClient, rounds: int) -> Effect:
    seconds: list[float] = []
    alone: list[float] = []
    stale = 0
    for number in range(rounds):
        await _give(holder, f"c-{number}")
        asked = time.perf_counter()
        if not await _is_shown(asker):
            raise AssertionError("the consent shows nothing: there is nothing to measure")
        alone.append(time.perf_counter() - asked)
        await holder.consents.withdraw(f"c-{number}", professional=_who(HOLDER))
        answered = time.perf_counter()
        while await _is_shown(asker):
            stale += 1
        seconds.append(time.perf_counter() - answered)
    return Effect(seconds, alone, stale)


async def _fill(trial: Trial) -> None:
    """Both partners are involved with the person; the one shows itself to the other by consent alone."""
    sealed = Sealer(load_secret(trial.settings.sealing_key)).seal(person("consenting"))
    store = open_store(trial.settings.store)
    async with store.transaction() as tx:
        for kind in (HOLDER, ASKER):
            fact = involvement(trial.oin(kind), "consenting", subject=sealed, phase=Phase.ACTIVE)
            await tx.facts.save(message(fact))
    await store.close()


@contextmanager
def _server(trial: Trial, port: int) -> Iterator[int]:
    """Run a server of the site on a port of its own while the block runs, once it is ready."""
    environment = clean_environment() | {
        "VERWIJSINDEX_LISTEN__PORT": str(port),
        "VERWIJSINDEX_INGEST__IN_SERVE": "false",
    }
    with (trial.folder / f"serve-{port}.log").open("ab") as log:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--config", trial.made["index_config"], "--json"],
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
        )
        assert process.stdout is not None
        try:
            if not process.stdout.readline():
                raise AssertionError((trial.folder / f"serve-{port}.log").read_text()[-2000:])
            yield port
        finally:
            process.terminate()
            process.wait(timeout=60)
            process.stdout.close()


@asynccontextmanager
async def _client(trial: Trial, kind: str, port: int) -> AsyncIterator[IndexClient]:
    tls = trial.partner(kind).tls
    async with connect(
        f"127.0.0.1:{port}", certificate=tls.certificate, key=tls.key, trusted_ca=tls.trusted_ca
    ) as index:
        yield index


def _who(kind: str) -> Professional:
    return Professional(id="bench", role=ROLES[kind], mandate="eigen-taak")


def _subject() -> list[SubjectPseudonym]:
    pseudonyms = person("consenting").pseudonyms
    return [SubjectPseudonym(value=each.reveal(), epoch=each.epoch) for each in pseudonyms]


async def _give(holder: IndexClient, reference: str) -> None:
    scope = ConsentScope(holder_kinds=[HOLDER], asking_kinds=[ASKER], purposes=[PURPOSE], since=day_of(now()))
    statement = ConsentStatement(
        reference=reference, subject=_subject(), decided_by=Decider.SUBJECT, scope=scope
    )
    await holder.consents.record(statement, professional=_who(HOLDER), timeout_seconds=60)


async def _is_shown(asker: IndexClient) -> bool:
    answer = await asker.lookup(
        _subject(), purpose=PURPOSE, professional=_who(ASKER), own_case=False, timeout_seconds=60
    )
    return bool(answer.involvements)


async def _in_database(folder: Path, server_url: str) -> Effect:
    database = await fresh_database(server_url)
    try:
        return await measure_withdrawals(folder, store_url=database)
    finally:
        await drop_database(database)


def main(*, on_postgres: bool) -> int:
    """Measure and print; return 1 where the bound is broken."""
    with tempfile.TemporaryDirectory(prefix="vwi-bench-") as folder:
        if on_postgres:
            with PostgresServer() as server:
                measured = asyncio.run(_in_database(Path(folder), server.url))
        else:
            measured = asyncio.run(measure_withdrawals(Path(folder)))
    sys.stdout.write(f"{measured}\n")
    return 0 if measured.is_soon else 1


if __name__ == "__main__":
    sys.exit(main(on_postgres="--postgres" in sys.argv[1:]))
