"""Whether the time an answer takes tells withheld from nobody: over mutual TLS, on a server in a process of its own.

Pairs of questions that differ in nothing else are asked in random order by a few askers at a time. How well the two
sides can be told apart is compared with what it may be at most: a question about a stranger that shows nothing costs
its partner a miss, and finding out about one person should cost so many that it cannot be done in passing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import grpc

from gateway.audit.model import AuditRecord
from gateway.domain import Oin
from gateway.index.sealing import Sealer
from gateway.index.sql.store import open_store
from gateway.keyfiles import load_secret
from tests.bench.comparison import Comparison
from tests.bench.withheld_or_nobody import AT_ONCE, PURPOSE, SCENES, TWINS, Partners, Scene, Writer, facts_of
from tests.support.facts import message, person, wire_subject
from tests.support.postgres import PostgresServer, ServiceMissing, drop_database, fresh_database
from tests.support.trial import Trial
from verwijsindex.v1 import common_pb2, index_pb2, index_pb2_grpc

PAIRS = 10_000
PAIRS_AT_ONCE = 200
ASKERS = 4
"""Askers at a time: the server is busy and not overloaded, as by day."""
WARM_UP = 50
WRITTEN_AT_ONCE = 200


def compare_on_every_store(folder: Path) -> list[Comparison]:
    """Return the comparisons on SQLite, and on PostgreSQL where it is installed. Not from a running event loop."""
    found = asyncio.run(measure_timing(folder / "sqlite", store="SQLite"))
    try:
        with PostgresServer() as server:
            url = asyncio.run(fresh_database(server.url))
            try:
                found += asyncio.run(measure_timing(folder / "postgres", store="PostgreSQL", store_url=url))
            finally:
                asyncio.run(drop_database(url))
    except ServiceMissing as missing:
        sys.stderr.write(f"timing is not measured on PostgreSQL: {missing}\n")
    return found


async def measure_timing(
    folder: Path, *, store: str, store_url: str | None = None, pairs: int = PAIRS
) -> list[Comparison]:
    """Return the comparison of every scene that is asked one by one, the mean over them, and the one asked together.

    `store` names it in the result; without `store_url` it is a SQLite file.
    """
    terms = {} if store_url is None else {"store_url": store_url}
    trial = await asyncio.to_thread(lambda: Trial.make(folder, **terms))
    _lift_quotas(trial)
    partners = Partners(*(trial.oin(kind) for kind in ("veilig_thuis", "ggz", "politie")))
    await _fill(trial, partners)
    with trial.process("serve"):
        times = await asyncio.to_thread(_ask_all, trial, pairs)
    await _check_log(trial, partners.asker)
    found = [Comparison.of(store, scene.name, *times[scene], at_once=scene.at_once) for scene in SCENES]
    return [
        *found,
        Comparison.over(store, found),
        Comparison.of(store, AT_ONCE.name, *times[AT_ONCE], at_once=AT_ONCE.at_once),
    ]


def _lift_quotas(trial: Trial) -> None:
    """Let the bench ask as often as it likes: what the misses would cost is worked out, not waited for."""
    config = Path(trial.made["index_config"])
    terms = "per_hour = 100000000\nburst = 100000000\n"
    config.write_text(f"{config.read_text('utf-8')}\n[quota]\n{terms}\n[misses]\n{terms}", "utf-8")


async def _fill(trial: Trial, partners: Partners) -> None:
    sealer = Sealer(load_secret(trial.settings.sealing_key))
    write = Writer(partners, lambda name: sealer.seal(person(name)))
    facts = list(facts_of((*SCENES, AT_ONCE), write))
    store = open_store(trial.settings.store)
    for start in range(0, len(facts), WRITTEN_AT_ONCE):
        async with store.transaction() as tx:
            for fact in facts[start : start + WRITTEN_AT_ONCE]:
                await tx.facts.save(message(fact))
    await store.close()


Sides = tuple[list[float], list[float]]
_Plan = tuple[Scene, bool, int]


def _ask_all(trial: Trial, pairs: int) -> dict[Scene, Sides]:
    """Return the times of every scene: nobody first, then withheld."""
    lone = _plan(SCENES, pairs // len(SCENES))
    times: defaultdict[Scene, Sides] = defaultdict(lambda: ([], []))
    with ThreadPoolExecutor(ASKERS) as pool:
        for results in pool.map(
            lambda part: _ask(trial, part), [lone[start::ASKERS] for start in range(ASKERS)]
        ):
            _collect(times, results)
    _collect(times, _ask(trial, _plan((AT_ONCE,), min(pairs, PAIRS_AT_ONCE))))
    return dict(times)


def _plan(scenes: Sequence[Scene], pairs: int) -> list[_Plan]:
    source = Random()
    plan = [
        (scene, is_withheld, source.randrange(TWINS))
        for scene in scenes
        for is_withheld in (False, True)
        for _ in range(pairs)
    ]
    source.shuffle(plan)
    return plan


def _collect(times: defaultdict[Scene, Sides], results: Sequence[tuple[_Plan, float]]) -> None:
    for (scene, is_withheld, _), milliseconds in results:
        times[scene][is_withheld].append(milliseconds)


def _ask(trial: Trial, plan: Sequence[_Plan]) -> list[tuple[_Plan, float]]:
    """Ask one after the other over a connection of its own. Blocking calls: nothing of Python's runs in between."""
    partner = trial.partner("veilig_thuis")
    tls = partner.tls
    credentials = grpc.ssl_channel_credentials(
        tls.trusted_ca.read_bytes(), tls.key.read_bytes(), tls.certificate.read_bytes()
    )
    with grpc.secure_channel(partner.index.address, credentials) as channel:
        stub = index_pb2_grpc.IndexServiceStub(channel)
        for each in plan[:WARM_UP]:
            _time(stub, each)
        return [(each, _time(stub, each)) for each in plan]


def _time(stub: index_pb2_grpc.IndexServiceStub, each: _Plan) -> float:
    scene, is_withheld, number = each
    request = _question(scene.person(number, is_withheld=is_withheld))
    started = time.perf_counter_ns()
    if scene.at_once == 1:
        answers = [stub.Lookup(request, timeout=60)]
    else:
        calls = [stub.Lookup.future(request, timeout=60) for _ in range(scene.at_once)]
        answers = [call.result() for call in calls]
    milliseconds = (time.perf_counter_ns() - started) / 1_000_000
    if any(answer.involvements for answer in answers):
        raise AssertionError(f"{scene.name} shows something: there is nothing to compare")
    return milliseconds


def _question(who: str) -> index_pb2.LookupRequest:
    return index_pb2.LookupRequest(
        subject=wire_subject(who),
        purpose=PURPOSE,
        professional=common_pb2.Professional(id="bench", role="maatschappelijk-werker", mandate="eigen-taak"),
        own_case=common_pb2.OWN_CASE_NO,
    )


async def _check_log(trial: Trial, asker: Oin) -> None:
    """Check that the withheld were withheld, and nobody was nobody; else equal times would mean nothing."""
    sealer = Sealer(load_secret(trial.settings.sealing_key))
    expected = {
        sealer.seal(person(scene.person(number, is_withheld=side))): side
        for scene in (*SCENES, AT_ONCE)
        for number in range(TWINS)
        for side in (False, True)
    }
    store = open_store(trial.settings.store)
    after = 0
    while True:
        async with store.transaction() as tx:
            page = await tx.audit.read(after=after)
        if not page:
            break
        after = page[-1].sequence
        for stored in page:
            record = stored.record
            if record.subject in expected and _withholds(record, asker) != expected[record.subject]:
                raise AssertionError("a question was not about what the scene says")
    await store.close()


def _withholds(record: AuditRecord, asker: Oin) -> bool:
    return any(not verdict.shown for verdict in record.verdicts if verdict.partner != asker)
