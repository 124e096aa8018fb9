"""The store in memory that other rooms are tested on keeps the contract too."""

from __future__ import annotations

import pytest

from gateway.errors import StoreUnavailable
from gateway.index.ports import IndexStore
from tests.index.agreements_contract import AgreementContract
from tests.index.asking_contract import AskingContract
from tests.index.consents_contract import OwnConsentContract
from tests.index.contract import StoreContract, audit_record
from tests.index.declarations_contract import DeclarationContract
from tests.index.epochs_contract import EpochContract
from tests.index.merges_contract import MergeContract
from tests.index.overlap_contract import OverlapContract
from tests.index.refusals_contract import RefusalsContract
from tests.index.secrecy_contract import SecrecyContract
from tests.support.fake_store import FakeIndexStore


class TestFake(
    AgreementContract,
    AskingContract,
    DeclarationContract,
    EpochContract,
    MergeContract,
    OverlapContract,
    OwnConsentContract,
    RefusalsContract,
    SecrecyContract,
    StoreContract,
):
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
