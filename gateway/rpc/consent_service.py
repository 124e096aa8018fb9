"""`verwijsindex.v1.ConsentService`: consent recorded, objected to, withdrawn, and a partner's own list."""

from __future__ import annotations

from typing import Any

import grpc

from gateway.consents.service import ConsentRoom
from gateway.domain import ConsentEffect, Oin
from gateway.index.door import Door
from gateway.index.ports import IndexStore
from gateway.rpc.answers import write_receipt
from gateway.rpc.caller import caller_of, read_for
from gateway.rpc.consents import (
    Said,
    read_own_question,
    read_statement,
    read_withdrawal,
    write_consents,
)
from verwijsindex.v1 import consent_pb2, consent_pb2_grpc, index_pb2

_Context = grpc.aio.ServicerContext[Any, Any]


class ConsentService(consent_pb2_grpc.ConsentServiceServicer):
    """Takes calls about consent. Errors leave as exceptions; the boundary turns them into statuses."""

    def __init__(self, consents: ConsentRoom, store: IndexStore, door: Door) -> None:
        self._consents = consents
        self._store = store
        self._door = door

    async def Record(  # noqa: N802 - the names of the methods are those of the contract
        self, request: consent_pb2.ConsentServiceRecordRequest, context: _Context
    ) -> consent_pb2.ConsentServiceRecordResponse:
        """Record consent."""
        receipt = await self._state(request, ConsentEffect.PERMIT, caller_of(context))
        return consent_pb2.ConsentServiceRecordResponse(receipt=receipt)

    async def Object(  # noqa: N802
        self, request: consent_pb2.ConsentServiceObjectRequest, context: _Context
    ) -> consent_pb2.ConsentServiceObjectResponse:
        """Record an objection."""
        receipt = await self._state(request, ConsentEffect.OBJECT, caller_of(context))
        return consent_pb2.ConsentServiceObjectResponse(receipt=receipt)

    async def Withdraw(  # noqa: N802
        self, request: consent_pb2.ConsentServiceWithdrawRequest, context: _Context
    ) -> consent_pb2.ConsentServiceWithdrawResponse:
        """Withdraw one of the caller's own statements."""
        caller = caller_of(context)
        withdrawal = await read_for(self._store, caller, lambda: read_withdrawal(request, caller=caller))
        receipt = write_receipt(await self._consents.withdraw(withdrawal))
        return consent_pb2.ConsentServiceWithdrawResponse(receipt=receipt)

    async def ListOwn(  # noqa: N802
        self, request: consent_pb2.ConsentServiceListOwnRequest, context: _Context
    ) -> consent_pb2.ConsentServiceListOwnResponse:
        """List what the caller recorded itself about a person."""
        caller = caller_of(context)
        question, person = await read_for(
            self._store, caller, lambda: read_own_question(request, caller=caller, door=self._door)
        )
        found = await self._consents.list_own(question)
        return consent_pb2.ConsentServiceListOwnResponse(
            consents=write_consents(found, person), receipt=write_receipt(found)
        )

    async def _state(self, request: Said, effect: ConsentEffect, caller: Oin) -> index_pb2.Receipt:
        statement = await read_for(
            self._store, caller, lambda: read_statement(request, effect, caller=caller, door=self._door)
        )
        return write_receipt(await self._consents.state(statement))
