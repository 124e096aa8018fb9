"""The store in memory that other rooms are tested on keeps the contract too."""

from __future__ import annotations

import pytest

from gateway.errors import StoreUnavailable
from gateway.index.ports import IndexStore
from tests.index.asking_contract import AskingContract
from tests.index.contract import StoreContract, audit_record
from tests.index.epochs_contract import EpochContract
from tests.index.merges_contract import MergeContract
from tests.support.fake_store import FakeIndexStore


class TestFake(AskingContract, EpochContract, MergeContract, StoreContract):
    @pytest.fixture
    async def store(self) -> IndexStore:
        return FakeIndexStore()


async def test_a_store_that_is_away_is_unavailable() -> None:
    store = FakeIndexStore()
    store.is_away = True
    with pytest.raises(StoreUnavailable):
        await store.check()


async def test_a_refused_commit_leaves_nothing() -> None:
    store = FakeIndexStore()
    store.refuses_commit = True
    transaction = store.transaction()
    tx = await transaction.__aenter__()
    await tx.audit.append([audit_record()])
    with pytest.raises(StoreUnavailable):
        await transaction.__aexit__(None, None, None)
    assert store.state.audit == ()
