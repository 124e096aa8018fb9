"""Kill -9 at any moment of a run: nothing is lost, and nothing is said twice."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from gateway.bus.opening import open_bus
from gateway.bus.topics import TopicKind, topic_of
from gateway.domain import FactMessage
from gateway.messages.parse import parse_bundle
from tests.support.trial import COMMAND, Trial, clean_environment
from tests.support.veilig_thuis import csv_of, row

CASES = 400
KILLS = 8


def bsn(number: int) -> str:
    """Return a synthetic BSN that passes the 11-test: each number has its own."""
    for candidate in range(900_000_000 + number * 100, 900_000_000 + (number + 1) * 100):
        digits = [int(digit) for digit in str(candidate)]
        weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
        if sum(w * d for w, d in zip(weights, digits, strict=True)) % 11 == 0:
            return str(candidate)
    raise AssertionError("one in eleven numbers passes")


def progress(state: Path) -> int:
    """Return how many steps the state file shows: messages queued and messages acknowledged."""
    try:
        with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as connection:
            queued = connection.execute("SELECT ifnull(max(seq), 0) FROM sqlite_sequence").fetchone()[0]
            acknowledged = connection.execute("SELECT count(*) FROM sent").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    return int(queued + acknowledged)


async def messages_on(trial: Trial) -> list[FactMessage]:
    bus = open_bus(trial.settings.bus)
    topic = topic_of(TopicKind.INGRESS, trial.oin("veilig_thuis"))
    try:
        return [parse_bundle(delivery.record.value) async for delivery in bus.browse(topic)]
    finally:
        await bus.close()


@pytest.mark.slow
def test_killed_runs_together_send_each_fact_once(tmp_path: Path) -> None:
    trial = Trial.make(tmp_path / "site")
    export = tmp_path / "export.csv"
    export.write_text(csv_of(row(casusnr=f"C-{n}", bsn=bsn(n)) for n in range(CASES)), "utf-8")
    state = trial.partner("veilig_thuis").state
    arguments = ["adapter", "run", "veilig_thuis", "--config", str(trial.config("veilig_thuis"))]
    arguments += ["--file", str(export), "--once", "--wait", "0"]
    chosen = random.Random(20)
    killed = 0
    with trial.process("pseudonym-service"):
        for _ in range(KILLS):
            goal = progress(state) + chosen.randint(1, 300)
            process = subprocess.Popen(
                [*COMMAND, *arguments],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=clean_environment(),
            )
            while process.poll() is None and progress(state) < goal:
                pass
            if process.poll() is None:
                process.kill()
                killed += 1
            process.wait()
        assert killed >= 2
        last = trial.run(*arguments)
    assert last.returncode == 0
    messages = asyncio.run(messages_on(trial))
    # The bus may hold a message twice, under one id: the index takes the second as a duplicate.
    once = {message.id: message for message in messages}
    facts = Counter(message.fact.reference for message in once.values())
    assert len(facts) == 2 * CASES
    assert set(facts.values()) == {1}
