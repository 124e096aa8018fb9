"""Consent is given and withdrawn at one server process and asked at another: no answer is staler than its token.

The processes share nothing but the store. What this would find is anything that a process keeps of what it read
before, and any answer made from a read that began before the write whose token the question carries.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.cli.trial_site import free_port
from gateway.clock import day_of, now
from gateway.index.sealing import Sealer
from gateway.index.sql.store import open_store
from gateway.index.tokens import decode_token, encode_token
from gateway.keyfiles import load_secret
from tests.support import facts
from tests.support.facts import message
from tests.support.sealed import involvement
from tests.support.trial import Trial
from verwijsindex.client import (
    ConsentScope,
    ConsentStatement,
    Decider,
    IndexClient,
    IndexUnavailable,
    Professional,
    Receipt,
    SubjectPseudonym,
    connect,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("revocation")]

PERSONS = 20
HOLDER = Professional(id="proef-behandelaar", role="behandelaar", mandate="eigen-taak")
ASKER = Professional(id="proef-wijkagent", role="wijkagent", mandate="eigen-taak")
PURPOSE = "coordination-of-care"
SEED = 20_260_302
AHEAD = 1_000_000


@dataclass(frozen=True)
class Two:
    """The holder at one process, where it writes; the asker at both, where it looks."""

    trial: Trial
    writer: IndexClient
    askers: tuple[IndexClient, IndexClient]

    @property
    def elsewhere(self) -> IndexClient:
        """The asker at the process that nobody writes to."""
        return self.askers[1]


@dataclass
class Stream:
    """One person whose consent is given and withdrawn in turn; `seen` counts what was found, by what was asked."""

    two: Two
    name: str
    chance: random.Random
    seen: Counter[str] = field(default_factory=Counter)
    stale: list[str] = field(default_factory=list)

    @property
    def subject(self) -> list[SubjectPseudonym]:
        """The person as partners name it."""
        return [
            SubjectPseudonym(value=each.reveal(), epoch=each.epoch)
            for each in facts.person(self.name).pseudonyms
        ]

    async def run(self, rounds: int) -> None:
        """Give and withdraw so many times, and look after each while others write and look."""
        for number in range(rounds):
            await self._after(self._give(), is_given=True, number=number)
            await self._after(self._withdraw(), is_given=False, number=number)

    async def _after(self, write: Awaitable[Receipt], *, is_given: bool, number: int) -> None:
        # Lookups that are under way while the write is: a process that answers others from what one of these read
        # would be found out. What they themselves show nobody can say.
        during = [
            asyncio.create_task(self._look(self.chance.choice(self.two.askers)))
            for _ in range(self.chance.randrange(2))
        ]
        await self._pause()
        token = (await write).consistency_token
        await self._pause()
        looks = [self.two.elsewhere] + [
            self.chance.choice(self.two.askers) for _ in range(self.chance.randrange(2))
        ]
        for shown in await asyncio.gather(*(self._look(each, token) for each in looks)):
            self.seen["given" if is_given else "withdrawn"] += 1
            if shown != is_given:
                self.stale.append(f"{self.name}, round {number}: {'hides' if is_given else 'shows'}")
        await asyncio.gather(*during)

    async def _look(self, asker: IndexClient, token: bytes = b"") -> bool:
        """Tell whether the holder is shown, in an answer at least as fresh as the token."""
        answer = await asker.lookup(
            self.subject,
            purpose=PURPOSE,
            professional=ASKER,
            own_case=False,
            fresher_than=token,
            timeout_seconds=30,
        )
        return "ggz" in {each.partner_kind for each in answer.involvements}

    async def _give(self) -> Receipt:
        statement = ConsentStatement(
            reference=f"T-{self.name}",
            subject=self.subject,
            decided_by=Decider.SUBJECT,
            scope=ConsentScope(
                holder_kinds=["ggz"],
                asking_kinds=["politie"],
                purposes=[PURPOSE],
                since=day_of(now()) - timedelta(days=1),
            ),
        )
        return await self.two.writer.consents.record(statement, professional=HOLDER, timeout_seconds=30)

    async def _withdraw(self) -> Receipt:
        return await self.two.writer.consents.withdraw(
            f"T-{self.name}", professional=HOLDER, timeout_seconds=30
        )

    async def _pause(self) -> None:
        """Let others go first, by chance: so many turns of the event loop."""
        for _ in range(self.chance.randrange(8)):
            await asyncio.sleep(0)


@contextmanager
def second_process(trial: Trial) -> Iterator[Trial]:
    """Run another server of the same index on a port of its own, and yield the site as it looks from there."""
    first, port = Path(trial.made["index_config"]), free_port()
    other = first.with_name("index-2.toml")
    listen = f"port = {trial.settings.listen.port}\n"
    text = first.read_text("utf-8")
    assert text.count(listen) == 1
    other.write_text(text.replace(listen, f"port = {port}\n"), "utf-8")
    second = replace(trial, made=trial.made | {"index_config": str(other)})
    with second.process("serve"):
        yield second


@asynccontextmanager
async def two_processes(folder: Path, store_url: str = "") -> AsyncIterator[Two]:
    """Run two server processes on one store, in which the holder and the asker know every person."""
    terms = {"store_url": store_url} if store_url else {}
    trial = await asyncio.to_thread(lambda: Trial.make(folder, **terms))
    await _involve(trial)
    async with AsyncExitStack() as stack:
        stack.enter_context(trial.process("serve"))
        second = stack.enter_context(second_process(trial))

        async def connected(kind: str, process: Trial) -> IndexClient:
            tls = trial.partner(kind).tls
            return await stack.enter_async_context(
                connect(
                    f"127.0.0.1:{process.settings.listen.port}",
                    certificate=tls.certificate,
                    key=tls.key,
                    trusted_ca=tls.trusted_ca,
                )
            )

        yield Two(
            trial,
            writer=await connected("ggz", trial),
            askers=(await connected("politie", trial), await connected("politie", second)),
        )


async def _involve(trial: Trial) -> None:
    sealer = Sealer(load_secret(trial.settings.sealing_key))
    store = open_store(trial.settings.store)
    async with store.transaction() as tx:
        for number in range(PERSONS):
            for kind in ("ggz", "politie"):
                subject = sealer.seal(facts.person(f"p{number}"))
                await tx.facts.save(message(involvement(trial.oin(kind), f"p{number}", subject=subject)))
    await store.close()


async def interleave(two: Two, *, rounds: int) -> None:
    """Give and withdraw `rounds` times for each person, all persons at once; fail on any answer that is stale."""
    streams = [Stream(two, f"p{number}", random.Random(SEED + number)) for number in range(PERSONS)]
    await asyncio.gather(*(stream.run(rounds) for stream in streams))
    assert [each for stream in streams for each in stream.stale] == []
    seen = sum((stream.seen for stream in streams), Counter[str]())
    assert seen["given"] >= PERSONS * rounds
    assert seen["withdrawn"] >= PERSONS * rounds


async def refuse_what_is_not_reached(two: Two) -> None:
    """A token that the other process cannot have reached is waited for and then refused: tokens do count there."""
    stream = Stream(two, "p0", random.Random(SEED))
    reached = decode_token((await stream._give()).consistency_token)
    assert reached is not None
    with pytest.raises(IndexUnavailable) as caught:
        await two.elsewhere.lookup(
            stream.subject,
            purpose=PURPOSE,
            professional=ASKER,
            own_case=False,
            fresher_than=encode_token(reached + AHEAD),
            timeout_seconds=1,
        )
    assert caught.value.reason in {"NOT_FRESH_ENOUGH", "DEADLINE_EXCEEDED"}


@pytest.mark.services
async def test_no_answer_is_staler_than_its_token_between_two_processes_on_postgres(
    tmp_path: Path, postgres_database: str
) -> None:
    """A thousand writes, each looked for at the other process."""
    async with two_processes(tmp_path / "site", postgres_database) as two:
        await interleave(two, rounds=25)
        await refuse_what_is_not_reached(two)


async def test_no_answer_is_staler_than_its_token_between_two_processes_on_sqlite(tmp_path: Path) -> None:
    async with two_processes(tmp_path / "site") as two:
        await interleave(two, rounds=3)
        await refuse_what_is_not_reached(two)
