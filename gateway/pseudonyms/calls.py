"""Calls of the pseudonym service's Evaluate: one batch a call, with a deadline, repeated with patience."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import grpc

from gateway.pseudonyms.failures import failure_of
from gateway.pseudonyms.patience import Patience
from gateway.pseudonyms.ports import Evaluation, EvaluationPurpose
from gateway.pseudonyms.wire import WIRE_PURPOSES
from gateway.settings import PseudonymSettings
from verwijsindex.v1 import pseudonym_pb2, pseudonym_pb2_grpc


@dataclass(frozen=True, slots=True)
class Pauses:
    """How time passes between two attempts; tests put their own in its place."""

    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random


class EvaluationCalls:
    """The service as its caller sees it. What it answers is not trusted here: the proof is checked by who asked."""

    def __init__(
        self, channel: grpc.aio.Channel, settings: PseudonymSettings, *, pauses: Pauses | None = None
    ) -> None:
        self._stub = pseudonym_pb2_grpc.PseudonymServiceStub(channel)
        self._settings = settings
        self._pauses = pauses or Pauses()

    async def evaluate(
        self, blinded: Sequence[bytes], *, epoch: int, purpose: EvaluationPurpose
    ) -> Evaluation:
        """Return what the service answered for one batch, unverified.

        The same batch may be sent more than once; every time counts for the quota.

        Raises:
            PseudonymsUnavailable: no answer within the terms of the settings.
            QuotaExceeded: the quota is used up for longer than the purpose waits.
            EpochRefused, NotPermitted, Unauthenticated: the service refuses; asking again does not help.

        """
        request = pseudonym_pb2.EvaluateRequest(
            epoch=epoch, blinded_elements=blinded, purpose=WIRE_PURPOSES[purpose]
        )
        patience = Patience(self._settings.retry, purpose, jitter=self._pauses.jitter)
        while True:
            try:
                answer = await self._stub.Evaluate(request, timeout=self._settings.deadline_seconds)
            except grpc.aio.AioRpcError as call:
                failure = failure_of(call, address=self._settings.address)
            else:
                return Evaluation(tuple(answer.evaluated_elements), answer.proof)
            seconds = patience.pause_after(failure)
            if seconds is None:
                raise failure.error
            await self._pauses.pause(seconds)
