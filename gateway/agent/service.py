"""`verwijsindex.v1.AgentService`: a question or declaration with a BSN, which goes no further than this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import grpc

from gateway.agent import events
from gateway.agent.index import IndexCalls, IndexRefused
from gateway.agent.staff import StaffList
from gateway.domain import Bsn, Subject
from gateway.errors import ConfigurationError, Unavailable
from gateway.pseudonyms.ports import EvaluationPurpose, Pseudonymiser
from gateway.rpc.boundary import abort
from verwijsindex.v1 import agent_pb2, agent_pb2_grpc, break_glass_pb2, common_pb2, index_pb2

LONGEST_QUESTION_SECONDS = 20.0
"""For one question, pseudonyms and index together: the deadline that callers are advised to set."""

_Context = grpc.aio.ServicerContext[Any, Any]
_Result = TypeVar("_Result")


class AgentService(agent_pb2_grpc.AgentServiceServicer):
    """Answers with what the index answered. Own errors leave as exceptions; the boundary makes statuses of them."""

    def __init__(self, pseudonymiser: Pseudonymiser, index: IndexCalls, staff: StaffList) -> None:
        self._pseudonymiser = pseudonymiser
        self._index = index
        self._staff = staff

    async def Lookup(  # noqa: N802 - the name of the method in the contract
        self, request: agent_pb2.AgentServiceLookupRequest, context: _Context
    ) -> agent_pb2.AgentServiceLookupResponse:
        """Answer one question about the person with a BSN."""
        # 1 person: a number that is no BSN goes to nobody
        person = Bsn(request.bsn)
        # 2 deadline
        answer = await _in_time(context, lambda ends: self._answer(person, request, ends=ends))
        return agent_pb2.AgentServiceLookupResponse(answer=answer)

    async def Declare(  # noqa: N802 - the name of the method in the contract
        self, request: agent_pb2.AgentServiceDeclareRequest, context: _Context
    ) -> agent_pb2.AgentServiceDeclareResponse:
        """Declare break-glass about the person with a BSN, in the same steps."""
        person = Bsn(request.bsn)
        declaration = await _in_time(context, lambda ends: self._declare(person, request, ends=ends))
        return agent_pb2.AgentServiceDeclareResponse(declaration=declaration)

    async def _answer(
        self, person: Bsn, request: agent_pb2.AgentServiceLookupRequest, *, ends: float
    ) -> index_pb2.LookupResponse:
        # 3 own case: what the staff declared counts, whatever the question says
        own_case = self._own_case(request.own_case, request.professional, person)
        # 4 pseudonyms, proved by the service
        subject = await self._subject_of(person)
        # 5 the question, without the BSN
        question = index_pb2.LookupRequest(
            subject=_on_the_wire(subject),
            purpose=request.purpose,
            professional=request.professional,
            consistency_token=request.consistency_token,
            own_case=own_case,
            declaration_id=request.declaration_id,
        )
        # 6 the index's answer, or its refusal, as it is; it has what the pseudonyms left of the time
        return await self._index.lookup(question, seconds_left=ends - asyncio.get_running_loop().time())

    async def _declare(
        self, person: Bsn, request: agent_pb2.AgentServiceDeclareRequest, *, ends: float
    ) -> break_glass_pb2.BreakGlassServiceDeclareResponse:
        own_case = self._own_case(request.own_case, request.professional, person)
        subject = await self._subject_of(person)
        declaration = break_glass_pb2.BreakGlassServiceDeclareRequest(
            subject=_on_the_wire(subject),
            purpose=request.purpose,
            professional=request.professional,
            own_case=own_case,
            ground=request.ground,
            explanation=request.explanation,
        )
        return await self._index.declare(declaration, seconds_left=ends - asyncio.get_running_loop().time())

    def _own_case(
        self, said: common_pb2.OwnCase, professional: common_pb2.Professional, person: Bsn
    ) -> common_pb2.OwnCase:
        with _told_to_the_operator():
            return self._staff.own_case(said, professional=professional.id, person=person)

    async def _subject_of(self, person: Bsn) -> Subject:
        with _told_to_the_operator():
            [subject] = await self._pseudonymiser.pseudonymise([person], purpose=EvaluationPurpose.LOOKUP)
        return subject


async def _in_time(context: _Context, work: Callable[[float], Awaitable[_Result]]) -> _Result:
    """Return what `work` gives, which is told until when it has; a refusal of the index ends the call as it is.

    The deadline is the caller's, and never later than the agent's own.
    """
    ends = asyncio.get_running_loop().time() + _longest(context.time_remaining())
    try:
        async with asyncio.timeout_at(ends):
            return await work(ends)
    except TimeoutError:
        raise Unavailable("the question was not answered within its deadline") from None
    except IndexRefused as refused:
        return await abort(context, refused.status)


def _on_the_wire(subject: Subject) -> list[common_pb2.SubjectPseudonym]:
    return [common_pb2.SubjectPseudonym(value=each.reveal(), epoch=each.epoch) for each in subject.pseudonyms]


@contextmanager
def _told_to_the_operator() -> Iterator[None]:
    """Log what is wrong with a pin, a file, or an answer that was not proved.

    The caller hears that the agent failed; why is for whoever runs it. These texts name files, lines and settings, and
    nothing of a person.
    """
    try:
        yield
    except ConfigurationError as error:
        events.CANNOT_ASK.emit(error=type(error).__name__, rule=str(error))
        raise


def _longest(left: float | None) -> float:
    """Return the seconds for a question; `left` is None where the caller set no deadline."""
    return LONGEST_QUESTION_SECONDS if left is None else min(LONGEST_QUESTION_SECONDS, left)
