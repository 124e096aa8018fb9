"""Who walks through numbers is stopped and named; an honest night's work under its own quota is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from gateway.domain import Bsn, Subject
from gateway.errors import QuotaExceeded
from gateway.pseudonyms.client import ServicePseudonymiser, open_pseudonymiser
from gateway.pseudonyms.ports import EvaluationPurpose
from tests.support.bsns import consecutive_bsns
from tests.support.trial import Trial
from verwijsindex.client import IndexClient, Professional, SubjectPseudonym, TooManyQuestions, connect

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("quota")]

WALK = 5_000
NIGHT = 100_000
BATCH = 1_000
ASKER = Professional(id="proef-medewerker", role="wijkagent", mandate="eigen-taak")


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial.make(tmp_path / "site")


def give_quota(trial: Trial, kind: str, *, per_hour: int, burst: int) -> None:
    """Give one partner a quota of its own, as a custodian would."""
    config = Path(trial.made["pseudonym_service"]["config"])
    table = f'[partners."{trial.oin(kind)}"]\n'
    text = config.read_text("utf-8")
    assert table in text
    config.write_text(text.replace(table, f"{table}per_hour = {per_hour}\nburst = {burst}\n"), "utf-8")


def events(trial: Trial, command: str, name: str) -> list[dict[str, object]]:
    """Return the lines of a process's log with this event."""
    lines = (trial.folder / f"{command}.log").read_bytes().splitlines()
    found = [orjson.loads(line) for line in lines if line.startswith(b"{")]
    return [line for line in found if line["event"] == name]


@asynccontextmanager
async def pseudonyms_of(trial: Trial, kind: str) -> AsyncIterator[ServicePseudonymiser]:
    partner = trial.partner(kind)
    async with open_pseudonymiser(partner.pseudonyms, partner.tls) as pseudonymiser:
        yield pseudonymiser


@asynccontextmanager
async def index_of(trial: Trial, kind: str) -> AsyncIterator[IndexClient]:
    partner = trial.partner(kind)
    tls = partner.tls
    async with connect(
        partner.index.address, certificate=tls.certificate, key=tls.key, trusted_ca=tls.trusted_ca
    ) as index:
        yield index


@dataclass
class Walker:
    """Tries one number after the other, and keeps count of how far it came."""

    trial: Trial
    numbers: list[Bsn]
    evaluated: int = 0
    asked: int = 0

    async def evaluate(self, pseudonymiser: ServicePseudonymiser) -> AsyncIterator[Subject]:
        """Have the numbers evaluated, a full batch at a time."""
        for start in range(0, len(self.numbers), BATCH):
            batch = self.numbers[start : start + BATCH]
            found = await pseudonymiser.pseudonymise(batch, purpose=EvaluationPurpose.LOOKUP)
            self.evaluated += len(found)
            for subject in found:
                yield subject

    async def walk(self) -> None:
        """Evaluate everything and ask nothing."""
        async with pseudonyms_of(self.trial, "politie") as pseudonymiser:
            async for _ in self.evaluate(pseudonymiser):
                pass

    async def walk_and_ask(self) -> None:
        """Ask the index about everybody."""
        async with (
            pseudonyms_of(self.trial, "politie") as pseudonymiser,
            index_of(self.trial, "politie") as index,
        ):
            async for subject in self.evaluate(pseudonymiser):
                names = [
                    SubjectPseudonym(value=each.reveal(), epoch=each.epoch) for each in subject.pseudonyms
                ]
                await index.lookup(names, purpose="coordination-of-care", professional=ASKER, own_case=False)
                self.asked += 1


async def test_a_walk_through_numbers_ends_at_the_quota_and_the_log_names_the_partner(trial: Trial) -> None:
    give_quota(trial, "politie", per_hour=2_000, burst=2_000)
    walker = Walker(trial, consecutive_bsns(WALK))
    with trial.process("pseudonym-service"), pytest.raises(QuotaExceeded) as caught:
        await walker.walk()
    assert walker.evaluated == 2_000
    assert caught.value.retry_after_seconds > 60
    [alarm] = events(trial, "pseudonym-service", "evaluation.quota-exhausted")
    assert alarm["organisation"] == trial.oin("politie")


async def test_a_walk_that_asks_the_index_is_stopped_there_too(trial: Trial) -> None:
    """Within its quota at the pseudonym service, it still asks about strangers and is shown nothing."""
    walker = Walker(trial, consecutive_bsns(WALK))
    with trial.serving(), pytest.raises(TooManyQuestions):
        await walker.walk_and_ask()
    assert 0 < walker.asked < WALK / 5
    [alarm] = events(trial, "serve", "lookup.misses-exhausted")
    assert alarm["organisation"] == trial.oin("politie")


async def test_an_honest_nightly_load_is_not_stopped(trial: Trial) -> None:
    """A hundred thousand records, by the partner whose quota was made for them; and nobody is named."""
    give_quota(trial, "veilig_thuis", per_hour=NIGHT, burst=NIGHT)
    # The range of test numbers holds 90,909; the rest of the night comes for the second time, as in real exports.
    known = consecutive_bsns(NIGHT)
    numbers = [*known, *known][:NIGHT]
    with trial.process("pseudonym-service"):
        async with pseudonyms_of(trial, "veilig_thuis") as pseudonymiser:

            async def load(part: list[Bsn]) -> int:
                return len(await pseudonymiser.pseudonymise(part, purpose=EvaluationPurpose.REGISTRATION))

            # Two exports at once: blinding and evaluating then share the cores of the machine.
            halves = await asyncio.gather(load(numbers[::2]), load(numbers[1::2]))
    assert sum(halves) == NIGHT
    assert events(trial, "pseudonym-service", "evaluation.quota-exhausted") == []
