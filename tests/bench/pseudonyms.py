"""The whole way over mutual TLS to a pseudonym service in a process of its own: a full batch, and one person."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from gateway.domain import LARGEST_BATCH, Bsn
from gateway.pseudonyms.client import ServicePseudonymiser, open_pseudonymiser
from gateway.pseudonyms.ports import EvaluationPurpose
from tests.support.bsns import consecutive_bsns
from tests.support.trial import Trial

ROUNDS = 5
LONE = 200
"""Persons asked for one by one, as lookups do."""


async def measure_service(folder: Path) -> tuple[float, float]:
    """Return persons a second in batches of 1,000, and seconds that one person alone takes."""
    trial = await asyncio.to_thread(Trial.make, folder)
    _raise_quota(trial)
    partner = trial.partner("veilig_thuis")
    with trial.process("pseudonym-service"):
        async with open_pseudonymiser(partner.pseudonyms, partner.tls) as pseudonymiser:
            persons = consecutive_bsns(LARGEST_BATCH)
            await _ask(pseudonymiser, persons)
            batch = min([await _ask(pseudonymiser, persons) for _ in range(ROUNDS)])
            lone = sorted([await _ask(pseudonymiser, [person]) for person in persons[:LONE]])
    return LARGEST_BATCH / batch, lone[LONE // 2]


async def _ask(pseudonymiser: ServicePseudonymiser, persons: list[Bsn]) -> float:
    started = time.perf_counter()
    await pseudonymiser.pseudonymise(persons, purpose=EvaluationPurpose.LOOKUP)
    return time.perf_counter() - started


def _raise_quota(trial: Trial) -> None:
    """Let the bench ask as often as it likes: the default quota is for a partner."""
    config = Path(trial.made["pseudonym_service"]["config"])
    text = config.read_text("utf-8").replace(
        "per_hour = 10000\nburst = 10000", "per_hour = 10000000\nburst = 10000000"
    )
    config.write_text(text, "utf-8")
