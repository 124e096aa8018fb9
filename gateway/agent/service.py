"""`verwijsindex.v1.AgentService`: one question with a BSN, which goes no further than this process."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from gateway.agent import events
from gateway.agent.index import IndexCalls, IndexRefused
from gateway.domain import Bsn, Subject
from gateway.errors import ConfigurationError, Unavailable
from gateway.pseudonyms.ports import EvaluationPurpose, Pseudonymiser
from gateway.rpc.boundary import abort
from verwijsindex.v1 import agent_pb2, agent_pb2_grpc, common_pb2, index_pb2

LONGEST_QUESTION_SECONDS = 20.0
"""For one question, pseudonyms and index together: the deadline that callers are advised to set."""

_Context = grpc.aio.ServicerContext[Any, Any]


class AgentService(agent_pb2_grpc.AgentServiceServicer):
    """Answers with what the index answered. Own errors leave as exceptions; the boundary makes statuses of them."""

    def __init__(self, pseudonymiser: Pseudonymiser, index: IndexCalls) -> None:
        self._pseudonymiser = pseudonymiser
        self._index = index

    async def Lookup(  # noqa: N802 - the name of the method in the contract
        self, request: agent_pb2.AgentServiceLookupRequest, context: _Context
    ) -> agent_pb2.AgentServiceLookupResponse:
        """Answer one question about the person with a BSN."""
        # 1 person: a number that is no BSN goes to nobody
        person = Bsn(request.bsn)
        # 2 deadline: the caller's, and never later than the agent's own
        ends = asyncio.get_running_loop().time() + _longest(context.time_remaining())
        try:
            async with asyncio.timeout_at(ends):
                answer = await self._answer(person, request, ends=ends)
        except TimeoutError:
            raise Unavailable("the question was not answered within its deadline") from None
        except IndexRefused as refused:
            return await abort(context, refused.status)
        return agent_pb2.AgentServiceLookupResponse(answer=answer)

    async def _answer(
        self, person: Bsn, request: agent_pb2.AgentServiceLookupRequest, *, ends: float
    ) -> index_pb2.LookupResponse:
        # 3 pseudonyms, proved by the service
        subject = await self._subject_of(person)
        # 4 the question, without the BSN
        question = index_pb2.LookupRequest(
            subject=[
                common_pb2.SubjectPseudonym(value=each.reveal(), epoch=each.epoch)
                for each in subject.pseudonyms
            ],
            purpose=request.purpose,
            professional=request.professional,
            consistency_token=request.consistency_token,
        )
        # 5 the index's answer, or its refusal, as it is; it has what the pseudonyms left of the time
        return await self._index.lookup(question, seconds_left=ends - asyncio.get_running_loop().time())

    async def _subject_of(self, person: Bsn) -> Subject:
        try:
            [subject] = await self._pseudonymiser.pseudonymise([person], purpose=EvaluationPurpose.LOOKUP)
        except ConfigurationError as error:
            # A pin, a file, or an answer that was not proved. The caller hears that the agent failed; why is for
            # whoever runs it. These texts name files and settings, and nothing of a person.
            events.CANNOT_ASK.emit(error=type(error).__name__, rule=str(error))
            raise
        return subject


def _longest(left: float | None) -> float:
    """Return the seconds for a question; `left` is None where the caller set no deadline."""
    return LONGEST_QUESTION_SECONDS if left is None else min(LONGEST_QUESTION_SECONDS, left)
