"""`verwijsindex.v1.PseudonymService`: batches, public keys and usage on the wire."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.errors import InvalidInput
from gateway.evaluation.model import EvaluationRequest, Usage
from gateway.evaluation.service import EvaluationService
from gateway.moments import read_moment, write_moment
from gateway.pseudonyms.epochs import PublicEpoch
from gateway.pseudonyms.wire import WIRE_PURPOSES, read_purpose
from gateway.rpc.caller import caller_of
from verwijsindex.v1 import pseudonym_pb2, pseudonym_pb2_grpc

_Context = grpc.aio.ServicerContext[Any, Any]


class PseudonymService(pseudonym_pb2_grpc.PseudonymServiceServicer):
    """Speaks for the evaluation room. Errors leave as exceptions; the boundary turns them into statuses."""

    def __init__(self, evaluation: EvaluationService) -> None:
        self._evaluation = evaluation
        self._callers = evaluation.callers

    async def GetPublicKeys(  # noqa: N802 - the name of the method in the contract
        self,
        request: pseudonym_pb2.GetPublicKeysRequest,  # noqa: ARG002 - the signature is the contract's
        context: _Context,
    ) -> pseudonym_pb2.GetPublicKeysResponse:
        """Return the epochs with their public keys."""
        epochs = await self._evaluation.public_keys(caller_of(context))
        return pseudonym_pb2.GetPublicKeysResponse(
            index_oin=self._callers.index, keys=[_write_epoch(epoch) for epoch in epochs]
        )

    async def Evaluate(  # noqa: N802
        self, request: pseudonym_pb2.EvaluateRequest, context: _Context
    ) -> pseudonym_pb2.EvaluateResponse:
        """Evaluate one batch under one proof."""
        caller = caller_of(context)
        # Who is not listed is told so, and nothing of the rules.
        self._callers.terms_of(caller)
        batch = await self._evaluation.evaluate(
            EvaluationRequest(
                caller=caller,
                epoch=request.epoch,
                blinded=tuple(request.blinded_elements),
                purpose=read_purpose(request.purpose),
            )
        )
        return pseudonym_pb2.EvaluateResponse(
            evaluated_elements=batch.elements, proof=batch.proof, record_id=batch.record_id
        )

    async def GetUsage(  # noqa: N802
        self, request: pseudonym_pb2.GetUsageRequest, context: _Context
    ) -> pseudonym_pb2.GetUsageResponse:
        """Return usage by hour and partner, to the index alone."""
        caller = caller_of(context)
        self._callers.require_index(caller)
        if not request.HasField("since"):
            raise InvalidInput.at("since", "must be set")
        rows = await self._evaluation.usage(caller, read_moment(request.since, path="since"))
        return pseudonym_pb2.GetUsageResponse(rows=[_write_usage(row) for row in rows])


def _write_epoch(epoch: PublicEpoch) -> pseudonym_pb2.EpochKey:
    until: Timestamp | None = None if epoch.valid_until is None else write_moment(epoch.valid_until)
    return pseudonym_pb2.EpochKey(
        epoch=epoch.epoch,
        public_key=epoch.public_key,
        valid_from=write_moment(epoch.valid_from),
        valid_until=until,
    )


def _write_usage(row: Usage) -> pseudonym_pb2.PartnerUsage:
    return pseudonym_pb2.PartnerUsage(
        partner_oin=row.partner,
        hour=write_moment(row.hour),
        epoch=row.epoch,
        purpose=WIRE_PURPOSES[row.purpose],
        evaluations=row.evaluations,
    )
