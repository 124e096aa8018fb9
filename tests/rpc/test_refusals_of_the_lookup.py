"""The real lookup room behind the real server: what the convenant does not know is denied, and recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import grpc
import pytest

from gateway.agreement.reading import AgreementReader
from gateway.audit.model import AuditOutcome
from gateway.index.tokens import encode_token
from gateway.lookup.service import LookupService
from tests.lookup.support import bounds, no_pause
from tests.rpc.test_index_service import ask, question, reason, refusal
from tests.support.fake_waking import UNPACED
from tests.support.sealed import OIN_POLITIE
from tests.support.serving import OIN_STRANGER, Serving, server_over
from verwijsindex.v1 import common_pb2


@pytest.fixture
async def real(index: Serving) -> AsyncIterator[Serving]:
    """The same store and identities behind a server with the real lookup room."""
    lookup = LookupService(
        store=index.store,
        agreement=AgreementReader(),
        clock=lambda: datetime(2026, 3, 2, 12, tzinfo=UTC),
        bounds=bounds(),
        pause=no_pause,
        pacing=UNPACED,
    )
    server = server_over(index.identities, index.store, lookup)
    port = await server.start()
    yield replace(index, address=f"127.0.0.1:{port}")
    await server.stop()


@dataclass(frozen=True)
class Unknown:
    """What the convenant does not know, and the reason that says so."""

    reason: str
    purpose: str = "coordination-of-care"
    role: str = "behandelaar"
    mandate: str = "eigen-taak"


@pytest.mark.parametrize(
    "unknown",
    [
        Unknown("UNKNOWN_PURPOSE", purpose="curiosity"),
        Unknown("UNKNOWN_ROLE", role="buurman"),
        Unknown("UNKNOWN_MANDATE", mandate="geen"),
    ],
    ids=lambda unknown: unknown.reason,
)
async def test_what_the_convenant_does_not_know_is_denied_and_recorded(
    real: Serving, unknown: Unknown
) -> None:
    asker = common_pb2.Professional(id="m-1", role=unknown.role, mandate=unknown.mandate)
    error = await refusal(real, question(purpose=unknown.purpose, professional=asker))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    assert reason(error) == unknown.reason
    [record] = real.store.state.audit
    assert (record.outcome, record.reason) == (AuditOutcome.REFUSED, unknown.reason)


async def test_who_is_no_partner_and_who_is_switched_off_are_told_apart(real: Serving) -> None:
    stranger = await refusal(real, oin=OIN_STRANGER)
    switched_off = await refusal(real, oin=OIN_POLITIE)
    assert (stranger.code(), reason(stranger)) == (grpc.StatusCode.UNAUTHENTICATED, "UNKNOWN_PARTNER")
    assert switched_off.code() is grpc.StatusCode.PERMISSION_DENIED
    assert reason(switched_off) == "PARTNER_INACTIVE"


async def test_an_answer_names_the_record_that_was_kept_of_it(real: Serving) -> None:
    answer = await ask(real)
    [record] = real.store.state.audit
    assert answer.receipt.record_id == record.record_id
    assert record.outcome is AuditOutcome.EMPTY


async def test_a_token_of_the_future_is_unavailable(real: Serving) -> None:
    error = await refusal(real, question(consistency_token=encode_token(8)))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert reason(error) == "NOT_FRESH_ENOUGH"


async def test_a_token_that_was_reached_is_answered(real: Serving) -> None:
    answer = await ask(real, question(consistency_token=encode_token(7)))
    assert answer.receipt.consistency_token == encode_token(7)


async def test_with_the_store_away_nothing_is_answered_and_nothing_recorded(real: Serving) -> None:
    real.store.is_away = True
    error = await refusal(real)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert real.store.state.audit == ()
