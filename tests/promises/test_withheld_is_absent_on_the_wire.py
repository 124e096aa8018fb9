"""The promise over real gRPC and real stores: of who is withheld a caller sees what it sees of who is not there.

Compared is all that leaves: status and its text, metadata before and after, the number of messages and their bytes, the
two values of the receipt aside. The last tests break the promise on purpose, and each sees the check fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import grpc
import pytest

from gateway.audit.model import AuditOutcome
from gateway.convenant.engine import Engine
from gateway.convenant.question import Decision, Question
from gateway.domain import ConsentEffect, HouseholdFacts
from gateway.errors import NotPermitted
from gateway.index.migrate import SCHEMA
from gateway.index.ports import IndexStore
from gateway.index.sql.store import open_store
from gateway.lookup import service as lookup_room
from gateway.lookup.answer import ShownInvolvement
from gateway.lookup.lines import lines_of
from gateway.rpc.index_service import IndexService, _Stream
from gateway.settings import StoreSettings
from tests.support.convenants import GGZ, OIN_WIJKTEAM, VEILIG_THUIS
from tests.support.replies import Reply, ask, ask_in_streams, index_of
from tests.support.sealed import consent
from tests.support.serving import Identities
from tests.support.twins import ALL_TWINS, WAYS, Asking, Twins
from verwijsindex.v1 import index_pb2

Ask = Callable[[grpc.aio.Channel, Twins], Awaitable[tuple[Reply, Reply]]]
STORES = ["sqlite", pytest.param("postgres", marks=pytest.mark.services)]
WAYS_OF_ASKING = [pytest.param(ask, id="unary"), pytest.param(ask_in_streams, id="stream")]

decide = Engine.decide
"""The decision as it is, also while a test breaks it."""


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    """One test CA: certificates take a while to make."""
    return Identities(tmp_path_factory.mktemp("identities"))


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of the sort that a test names, of SQLite otherwise."""
    if getattr(request, "param", "sqlite") == "postgres":
        return str(request.getfixturevalue("postgres_database"))
    return f"sqlite:///{tmp_path}/index.sqlite3"


@pytest.fixture
async def store(url: str) -> AsyncIterator[IndexStore]:
    """An empty index."""
    settings = StoreSettings(url=url)
    await asyncio.to_thread(SCHEMA.migrate, settings)
    store = open_store(settings)
    yield store
    await store.close()


@pytest.fixture
async def channel(store: IndexStore, identities: Identities) -> AsyncIterator[grpc.aio.Channel]:
    """A connection of the asker to an index that holds all twins."""
    async with index_of(store, identities) as connected:
        yield connected


async def check(channel: grpc.aio.Channel, asking: Ask, twins: Twins) -> Reply:
    """Compare both replies, and return them where they are one."""
    hidden, nobody = await asking(channel, twins)
    assert hidden == nobody, str(twins)
    assert hidden.code is grpc.StatusCode.OK
    assert len(hidden.messages) == 1
    assert len(hidden.shown) == twins.lines
    return hidden


@pytest.mark.parametrize("asking", WAYS_OF_ASKING)
@pytest.mark.parametrize("url", STORES, indirect=True)
async def test_who_is_withheld_looks_like_who_is_not_there(channel: grpc.aio.Channel, asking: Ask) -> None:
    replies = {twins: await check(channel, asking, twins) for twins in ALL_TWINS}
    for sort in Asking:
        alike = {reply for twins, reply in replies.items() if twins.asking is sort}
        assert len(alike) == 1, "one reply for every way to be withheld, whichever it is"


@pytest.mark.parametrize("url", STORES, indirect=True)
async def test_the_log_says_of_each_what_the_answer_does_not(
    store: IndexStore, channel: grpc.aio.Channel
) -> None:
    """Else twins would be alike because nothing is withheld of either."""
    for twins in ALL_TWINS:
        await ask(channel, twins)
    async with store.transaction() as tx:
        records = [stored.record for stored in await tx.audit.read()]
    assert len(records) == 2 * len(ALL_TWINS)
    for twins, hidden, nobody in zip(ALL_TWINS, records[::2], records[1::2], strict=True):
        assert hidden.outcome is nobody.outcome
        assert hidden.outcome is (AuditOutcome.DONE if twins.lines else AuditOutcome.EMPTY)
        if twins.way.name not in READS_NOTHING:
            assert len(hidden.verdicts) > len(nobody.verdicts), str(twins)


READS_NOTHING = {"ended", "household with a secret address"}
"""What these hide is not read at all."""


async def test_the_lines_that_are_shown_are_three_and_in_their_order(channel: grpc.aio.Channel) -> None:
    twins = next(each for each in ALL_TWINS if each.asking is Asking.SHOWN_OTHERS)
    for asking in (ask, ask_in_streams):
        reply = await check(channel, asking, twins)
        assert reply.shown == (("ggz", "2026-01"), ("politie", "2025-08"), ("politie", "2026-01"))


def test_every_way_is_there_for_an_involved_asker_or_a_stranger() -> None:
    assert len({way.name for way in WAYS}) == len(WAYS)
    assert {twins.way.name for twins in ALL_TWINS if twins.asking is Asking.STRANGER} == {
        way.name for way in WAYS
    }


Decide = Callable[..., Decision]


def show_everything(engine: Engine, asked: Question, known: HouseholdFacts, *, on: date) -> Decision:
    decision = decide(engine, asked, known, on=on)
    bound = [each for each in decision.verdicts if each.involvement.partner in known.kinds]
    return replace(decision, verdicts=tuple(replace(each, shown=True) for each in bound))


def show_shielded(engine: Engine, asked: Question, known: HouseholdFacts, *, on: date) -> Decision:
    open_facts = tuple(replace(fact, shielded=False) for fact in known.involvements)
    return decide(engine, asked, replace(known, involvements=open_facts), on=on)


def skip_consent(engine: Engine, asked: Question, known: HouseholdFacts, *, on: date) -> Decision:
    everybody = tuple(
        consent(OIN_WIJKTEAM, "x", holder=GGZ, asking=VEILIG_THUIS, subject=member)
        for member in known.members
    )
    return decide(engine, asked, replace(known, consents=everybody), on=on)


def ignore_objections(engine: Engine, asked: Question, known: HouseholdFacts, *, on: date) -> Decision:
    permits = tuple(each for each in known.consents if each.effect is not ConsentEffect.OBJECT)
    return decide(engine, asked, replace(known, consents=permits), on=on)


def refuse_where_something_is_withheld(
    engine: Engine, asked: Question, known: HouseholdFacts, *, on: date
) -> Decision:
    decision = decide(engine, asked, known, on=on)
    if any(not each.shown and each.involvement.partner != asked.asker for each in decision.verdicts):
        raise NotPermitted("WITHHELD", "something is withheld")
    return decision


@dataclass(frozen=True)
class Index:
    """An index that is served only after a test has broken something."""

    store: IndexStore
    identities: Identities

    async def is_noticed(self, asking: Ask, among: Asking) -> bool:
        """Tell whether the check fails for any of the twins about whom somebody of this sort asks."""
        pairs = [twins for twins in ALL_TWINS if twins.asking is among]
        async with index_of(self.store, self.identities, pairs) as channel:
            try:
                for twins in pairs:
                    await check(channel, asking, twins)
            except AssertionError:
                return True
        return False


@pytest.fixture
def index(store: IndexStore, identities: Identities) -> Index:
    """An empty index on SQLite."""
    return Index(store, identities)


@pytest.mark.parametrize("asking", WAYS_OF_ASKING)
@pytest.mark.parametrize(
    ("broken", "among"),
    [
        (show_everything, Asking.STRANGER),
        (show_everything, Asking.SHOWN_OTHERS),
        (show_shielded, Asking.INVOLVED),
        (show_shielded, Asking.EMERGENCY),
        (skip_consent, Asking.INVOLVED),
        (ignore_objections, Asking.INVOLVED),
        (refuse_where_something_is_withheld, Asking.STRANGER),
    ],
    ids=lambda value: value.name.lower() if isinstance(value, Asking) else value.__name__,
)
async def test_the_check_fails_when_the_decision_is_broken(
    index: Index, asking: Ask, broken: Decide, among: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "decide", broken)
    assert await index.is_noticed(asking, among)


class Withheld:
    """How many involvements the last decision withheld: what no caller may learn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number = 0
        monkeypatch.setattr(Engine, "decide", self._counting())

    def _counting(self) -> Decide:
        def counting(engine: Engine, asked: Question, known: HouseholdFacts, *, on: date) -> Decision:
            decision = decide(engine, asked, known, on=on)
            others = [each for each in decision.verdicts if each.involvement.partner != asked.asker]
            self.number = len(others) - len(decision.shown)
            return decision

        return counting


Lines = tuple[ShownInvolvement, ...]


def leave_a_gap(lines: Lines, withheld: int) -> Lines:
    return lines + tuple(replace(lines[0], name="", partner=lines[0].partner) for _ in range(withheld))


def turn_around(lines: Lines, withheld: int) -> Lines:
    return lines[::-1] if withheld else lines


def leave_one_out(lines: Lines, withheld: int) -> Lines:
    return lines[1:] if withheld else lines


@pytest.mark.parametrize("asking", WAYS_OF_ASKING)
@pytest.mark.parametrize("broken", [leave_a_gap, turn_around, leave_one_out])
async def test_the_check_fails_when_lines_depend_on_what_is_withheld(
    index: Index,
    asking: Ask,
    broken: Callable[[Lines, int], Lines],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    withheld = Withheld(monkeypatch)

    def lines(*arguments: Any, **named: Any) -> Lines:
        return broken(lines_of(*arguments, **named), withheld.number)

    monkeypatch.setattr(lookup_room, "lines_of", lines)
    assert await index.is_noticed(asking, Asking.SHOWN_OTHERS)


@pytest.mark.parametrize("counted", ["name", "value"])
async def test_the_check_fails_when_trailers_count_what_is_withheld(
    index: Index, counted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    withheld, lookup = Withheld(monkeypatch), IndexService.Lookup

    async def with_trailers(
        self: IndexService, request: index_pb2.LookupRequest, context: Any
    ) -> index_pb2.LookupResponse:
        answer = await lookup(self, request, context)
        number = withheld.number
        context.set_trailing_metadata(
            (("considered", "x"),) * number if counted == "name" else (("considered", str(number)),)
        )
        return answer

    monkeypatch.setattr(IndexService, "Lookup", with_trailers)
    assert await index.is_noticed(ask, Asking.STRANGER)


async def test_the_check_fails_when_a_stream_says_something_more_of_what_is_withheld(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    withheld, serve = Withheld(monkeypatch), _Stream._serve

    async def twice(self: _Stream, request: index_pb2.LookupStreamRequest) -> None:
        await serve(self, request)
        if withheld.number:
            await self._context.write(index_pb2.LookupStreamResponse(correlation_id=request.correlation_id))

    monkeypatch.setattr(_Stream, "_serve", twice)
    assert await index.is_noticed(ask_in_streams, Asking.STRANGER)


async def test_the_check_passes_where_nothing_is_broken(index: Index) -> None:
    assert not await index.is_noticed(ask, Asking.STRANGER)
