"""Several processes on one PostgreSQL: two stores stand for two processes, and locks decide, never the clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from gateway.domain import MessageId, Phase
from gateway.errors import StoreUnavailable
from gateway.index.migrate import SCHEMA
from gateway.index.ports import IndexStore, Saved
from gateway.index.sql.store import open_store
from gateway.settings import StoreSettings
from tests.index.contract import audit_record, household_of, partner, save
from tests.support.sealed import NOON, OIN_VT, involvement, message

pytestmark = pytest.mark.services

PATIENCE_SECONDS = 60


@pytest.fixture
async def stores(postgres_database: str) -> AsyncIterator[tuple[IndexStore, IndexStore]]:
    settings = StoreSettings(url=postgres_database)
    await asyncio.to_thread(SCHEMA.migrate, settings)
    one, two = open_store(settings), open_store(settings)
    yield one, two
    await one.close()
    await two.close()


@pytest.fixture
async def watcher(postgres_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres_database)
    yield connection
    await connection.close()


async def until_waiting(watcher: asyncpg.Connection, sessions: int = 1) -> None:
    """Return once so many sessions of this database wait for a lock that another holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while sessions > await watcher.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            continue


async def test_an_older_version_written_at_the_same_time_never_wins(
    stores: tuple[IndexStore, IndexStore], watcher: asyncpg.Connection
) -> None:
    one, two = stores
    ended = message(involvement(OIN_VT, "anna", phase=Phase.ENDED, until=NOON.date()), recorded_at=NOON)
    older = message(involvement(OIN_VT, "anna"), recorded_at=NOON.replace(hour=9))
    async with one.transaction() as tx:
        assert await tx.facts.save(ended) is Saved.CREATED
        late = asyncio.create_task(save(two, older))
        await until_waiting(watcher)
    assert await late == [Saved.SUPERSEDED]
    assert (await household_of(one, "anna")).involvements == ()


async def test_many_writers_at_once_end_with_the_version_recorded_last(
    stores: tuple[IndexStore, IndexStore],
) -> None:
    ended = involvement(OIN_VT, "anna", phase=Phase.ENDED, until=NOON.date())
    older = [message(involvement(OIN_VT, "anna"), recorded_at=NOON.replace(minute=m)) for m in range(20)]
    newest = message(ended, recorded_at=NOON.replace(minute=30))
    arrivals = [*older[:10], newest, *older[10:]]
    await asyncio.gather(*(save(stores[n % 2], item) for n, item in enumerate(arrivals)))
    assert (await household_of(stores[0], "anna")).involvements == ()


async def test_a_message_claimed_by_two_goes_to_the_one_that_commits(
    stores: tuple[IndexStore, IndexStore], watcher: asyncpg.Connection
) -> None:
    one, two = stores
    ids = [MessageId(OIN_VT, name) for name in ("a", "b")]

    async def claim_in_the_other_order() -> frozenset[MessageId]:
        async with two.transaction() as tx:
            return await tx.facts.claim(ids[::-1])

    async with one.transaction() as tx:
        assert await tx.facts.claim(ids) == set(ids)
        other = asyncio.create_task(claim_in_the_other_order())
        await until_waiting(watcher)
    assert await other == frozenset()


async def test_a_claim_that_is_rolled_back_goes_to_the_other(
    stores: tuple[IndexStore, IndexStore], watcher: asyncpg.Connection
) -> None:
    one, two = stores
    id_ = MessageId(OIN_VT, "a")

    async def claim() -> frozenset[MessageId]:
        async with two.transaction() as tx:
            return await tx.facts.claim([id_])

    transaction = one.transaction()
    tx = await transaction.__aenter__()
    await tx.facts.claim([id_])
    other = asyncio.create_task(claim())
    await until_waiting(watcher)
    broken = StoreUnavailable("given up")
    assert not await transaction.__aexit__(StoreUnavailable, broken, None)
    assert await other == {id_}


async def test_claims_of_the_same_messages_in_two_orders_never_lock_each_other_out(
    stores: tuple[IndexStore, IndexStore], watcher: asyncpg.Connection
) -> None:
    """The middle one is held until both wait: had each taken its own first one, neither could go on."""
    holder, claimers = stores
    first, middle, last = (MessageId(OIN_VT, name) for name in ("a", "m", "z"))

    async def claim(*ids: MessageId) -> frozenset[MessageId]:
        async with claimers.transaction() as tx:
            return await tx.facts.claim(ids)

    async with holder.transaction() as tx:
        await tx.facts.claim([middle])
        claims = [
            asyncio.create_task(claim(first, middle, last)),
            asyncio.create_task(claim(last, middle, first)),
        ]
        await until_waiting(watcher, 2)
    assert sorted(map(len, await asyncio.gather(*claims))) == [0, 2]


async def test_a_reader_never_misses_a_record_with_a_lower_sequence(
    stores: tuple[IndexStore, IndexStore], watcher: asyncpg.Connection
) -> None:
    """The second appender waits for the first one's commit, so its numbers are seen after the first one's."""
    one, two = stores
    first, second = audit_record(), audit_record()

    async def append_second() -> None:
        async with two.transaction() as tx:
            await tx.audit.append([second])

    async with one.transaction() as tx:
        await tx.audit.append([first])
        appending = asyncio.create_task(append_second())
        await until_waiting(watcher)
        assert await watcher.fetchval("SELECT count(*) FROM audit_records") == 0
    await appending
    async with one.transaction() as tx:
        assert [stored.record for stored in await tx.audit.read()] == [first, second]


async def test_a_position_that_can_be_read_has_its_facts_committed(
    stores: tuple[IndexStore, IndexStore], watcher: asyncpg.Connection
) -> None:
    one, two = stores
    async with two.transaction() as tx:
        before = await tx.facts.position()
    async with one.transaction() as tx:
        await tx.facts.save(message(involvement(OIN_VT, "anna")))
        writing = asyncio.create_task(save(two, message(involvement(OIN_VT, "bram"))))
        await until_waiting(watcher)
        assert await watcher.fetchval("SELECT value FROM position") == before
    await writing
    async with two.transaction() as tx:
        assert await tx.facts.position() == before + 2


async def test_one_partner_saved_twice_at_once_is_there_once(stores: tuple[IndexStore, IndexStore]) -> None:
    async def put(number: int) -> None:
        async with stores[number % 2].transaction() as tx:
            await tx.partners.save(partner(name=f"Veilig Thuis (synthetic {number})"))

    await asyncio.gather(*(put(number) for number in range(6)))
    async with stores[0].transaction() as tx:
        assert len(await tx.partners.all()) == 1


async def test_migrations_at_once_take_turns(postgres_database: str) -> None:
    settings = StoreSettings(url=postgres_database)
    newest = SCHEMA.newest_revision()
    done = await asyncio.gather(*(asyncio.to_thread(SCHEMA.migrate, settings) for _ in range(3)))
    assert sorted(done, key=str) == [(newest, newest), (newest, newest), (None, newest)]


async def test_a_connection_that_the_server_ends_is_unavailable_and_nothing_stays(
    stores: tuple[IndexStore, IndexStore], watcher: asyncpg.Connection
) -> None:
    one, two = stores
    transaction = one.transaction()
    tx = await transaction.__aenter__()
    await tx.audit.append([audit_record(purpose="PLANTED-purpose")])
    await watcher.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND state = 'idle in transaction'"
    )
    with pytest.raises(StoreUnavailable) as caught:
        await transaction.__aexit__(None, None, None)
    assert "PLANTED" not in str(caught.value)
    async with one.transaction() as tx:
        assert await tx.audit.count() == 0
    await two.check()


async def test_a_statement_that_gets_no_answer_in_time_is_unavailable(
    postgres_database: str, stores: tuple[IndexStore, IndexStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log's lock is held until the other gave up, so it is the limit that ends the wait."""
    monkeypatch.setattr("gateway.database.COMMAND_SECONDS", 0.5)
    impatient = open_store(StoreSettings(url=postgres_database))

    async def append() -> None:
        async with impatient.transaction() as tx:
            await tx.audit.append([audit_record()])

    async with stores[0].transaction() as tx:
        await tx.audit.append([audit_record()])
        with pytest.raises(StoreUnavailable):
            await append()
    await impatient.close()
    async with stores[0].transaction() as tx:
        assert await tx.audit.count() == 1


async def test_a_refused_login_is_unavailable_and_its_password_not_shown(postgres_database: str) -> None:
    parts = urlsplit(postgres_database)
    foreign = parts._replace(netloc=f"no_such_role:PLANTED@{parts.hostname}:{parts.port}")
    store = open_store(StoreSettings(url=urlunsplit(foreign)))
    with pytest.raises(StoreUnavailable) as caught:
        await store.check()
    assert "PLANTED" not in str(caught.value)
    await store.close()
