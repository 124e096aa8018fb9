from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.clock import hour_of
from gateway.domain import Oin
from gateway.evaluation.migrate import SCHEMA
from gateway.evaluation.model import Usage
from gateway.evaluation.standing import Standing
from gateway.evaluation.store import open_evaluation_store
from gateway.pseudonyms.ports import EvaluationPurpose
from gateway.rpc.pseudonym_server import PseudonymServer
from gateway.settings import AddressSettings, ListenSettings, StoreSettings
from tests.evaluation.support import Room, make_room
from tests.support.custody import OIN_CUSTODIAN
from tests.support.serving import OIN_INDEX, Identities


@dataclass
class Custodian:
    """A running pseudonym service whose counters the test sets."""

    identities: Identities
    room: Room
    port: int

    @property
    def address(self) -> AddressSettings:
        return AddressSettings(address=f"127.0.0.1:{self.port}")

    async def count(self, partner: Oin, count: int, *, epoch: int = 1) -> None:
        """Count evaluations of a partner in the hour under way."""
        async with self.room.store.transaction() as tx:
            await tx.usage.add(
                Usage(
                    partner=partner,
                    hour=hour_of(self.room.clock()),
                    epoch=epoch,
                    purpose=EvaluationPurpose.REGISTRATION,
                    evaluations=count,
                )
            )


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    made = Identities(tmp_path_factory.mktemp("identities"))
    made.of(OIN_INDEX, server=True)
    return made


@pytest.fixture
async def custodian(identities: Identities, tmp_path: Path) -> AsyncIterator[Custodian]:
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/pseudonyms.sqlite3")
    await asyncio.to_thread(SCHEMA.migrate, settings)
    store = open_evaluation_store(settings)
    room = make_room(store, tmp_path / "keys")
    server = PseudonymServer(
        room.service,
        checked=Standing(room.store, room.keys, room.clock),
        tls=identities.tls(OIN_CUSTODIAN, server=True),
        listen=ListenSettings(port=0),
    )
    port = await server.start()
    yield Custodian(identities, room, port)
    await server.stop()
    await store.close()
