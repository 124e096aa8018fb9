"""Kill -9 of the ingest process at random moments: every fact counts once, every record is there once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from pathlib import Path

from gateway.bootstrap import open_site
from gateway.bus.opening import open_bus
from gateway.bus.ports import BusRecord
from gateway.bus.topics import TopicKind, topic_of
from gateway.domain import Fact
from gateway.messages.receipts import ReceiptOutcome, read_receipt
from tests.support.facts import household, involvement, message
from tests.support.trial import Trial

KILLS = 20
PER_ROUND = 60


def test_twenty_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    trial = Trial.make(tmp_path / "site")
    # Small batches: a kill falls before, between and within commits.
    with Path(trial.made["index_config"]).open("a") as settings:
        settings.write("\n[ingest]\nbatch = 7\n")
    chance = random.Random(20)
    sent = 0
    for round_number in range(KILLS):
        asyncio.run(trial.publish(_records(trial, round_number)))
        sent += PER_ROUND
        with trial.process("ingest") as process:
            # Somewhere within the round: after a random number of facts has become visible.
            asyncio.run(_until_versions(trial, sent - PER_ROUND + chance.randrange(1, PER_ROUND)))
            os.kill(process.pid, signal.SIGKILL)
    with trial.process("ingest"):
        asyncio.run(_until_versions(trial, sent))
        receipts = asyncio.run(_until_receipts(trial, sent))
    counts, audit = asyncio.run(_totals(trial))

    assert counts["versions"] == sent
    assert audit["create"] == sent - KILLS
    # Two members a household assertion, one record a member.
    assert audit["household"] == 2 * KILLS
    accepted = {id_ for id_, outcome in receipts if outcome is ReceiptOutcome.ACCEPTED}
    assert len(accepted) == sent


def _records(trial: Trial, round_number: int) -> list[BusRecord]:
    oin = trial.oin("veilig_thuis")
    facts: list[Fact] = [involvement(oin, f"person-{round_number}-{n}") for n in range(PER_ROUND - 1)]
    family = household(oin, f"person-{round_number}-0", f"person-{round_number}-1")
    return [trial.record(message(fact)) for fact in [*facts, family]]


async def _until_versions(trial: Trial, wanted: int) -> None:
    async with asyncio.timeout(60), open_site(trial.settings) as site:
        while True:
            async with site.store.transaction() as tx:
                if (await tx.facts.counts())["versions"] >= wanted:
                    return
            await asyncio.sleep(0.01)


async def _until_receipts(trial: Trial, wanted: int) -> set[tuple[str, ReceiptOutcome]]:
    bus = open_bus(trial.settings.bus)
    topic = topic_of(TopicKind.EGRESS, trial.oin("veilig_thuis"))
    try:
        async with asyncio.timeout(60):
            while True:
                found = set()
                async for delivery in bus.browse(topic):
                    receipt = read_receipt(delivery.record)
                    found.add((receipt.message.id, receipt.outcome))
                if len({id_ for id_, _ in found}) >= wanted:
                    return found
                await asyncio.sleep(0.05)
    finally:
        await bus.close()


async def _totals(trial: Trial) -> tuple[dict[str, int], Counter[str]]:
    async with open_site(trial.settings) as site, site.store.transaction() as tx:
        counts = dict(await tx.facts.counts())
        audit = Counter(stored.record.event.value for stored in await tx.audit.read(limit=100_000))
    return counts, audit
