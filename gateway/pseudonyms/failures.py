"""From the status of a call to the pseudonym service to the project's own errors.

Texts are written here: whatever the other side put into its own stays out of this side's logs. Its reason is
taken over where it is a code (google.rpc.ErrorInfo.reason, capitals).
"""

from __future__ import annotations

import re

import grpc
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo  # type: ignore[import-untyped]
from grpc_status import rpc_status

from gateway.errors import (
    EpochRefused,
    NotPermitted,
    PseudonymsUnavailable,
    QuotaExceeded,
    Unauthenticated,
    VerwijsindexError,
)
from gateway.pseudonyms.patience import Failure

DOMAIN = "verwijsindex"
QUOTA_EXCEEDED = "QUOTA_EXCEEDED"

_REASON = re.compile(r"[A-Z][A-Z0-9_]{0,62}")
_AWAY = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}
"""Nothing is wrong with the request. RESOURCE_EXHAUSTED without a quota comes from gRPC: too many calls at once."""


def failure_of(call: grpc.aio.AioRpcError, *, address: str) -> Failure:
    """Return what the end of a call means: the error to raise, and whether the same call may be made again.

    A refusal is about this partner or this epoch, a failure about the service; neither repeats a value.
    """
    code = call.code()
    reason, advised = _details(call)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and reason == QUOTA_EXCEEDED:
        error = QuotaExceeded(
            "this partner's quota of the pseudonym service is used up", retry_after_seconds=advised
        )
        return Failure(error, may_repeat=True, advised_seconds=advised)
    refusal = _refusal(code, reason)
    if refusal is not None:
        return Failure(refusal)
    away = PseudonymsUnavailable(
        f"the pseudonym service at {address} gives no answer ({reason or code.name}); nothing was derived"
    )
    return Failure(away, may_repeat=code in _AWAY, advised_seconds=advised)


def _refusal(code: grpc.StatusCode, reason: str) -> VerwijsindexError | None:
    # Without a reason of this project's it was not the service that spoke, but something before it.
    if not reason:
        return None
    match code:
        case grpc.StatusCode.UNAUTHENTICATED:
            return Unauthenticated(reason, "the pseudonym service does not know this partner's certificate")
        case grpc.StatusCode.PERMISSION_DENIED:
            return NotPermitted(reason, "the pseudonym service does not serve this partner")
        case grpc.StatusCode.FAILED_PRECONDITION:
            return EpochRefused(reason, "the pseudonym service does not use this epoch now")
        case _:
            return None


def _details(call: grpc.aio.AioRpcError) -> tuple[str, float]:
    """Return the reason ("" where there is none of this project) and the advised pause in seconds."""
    info, retry = ErrorInfo(), RetryInfo()
    try:
        status = rpc_status.from_call(call)  # type: ignore[arg-type]  # it reads what both kinds of call have
    except ValueError:
        return "", 0.0  # Details that contradict the status: not this project's service.
    for detail in status.details if status is not None else ():
        for message in (info, retry):
            if detail.Is(message.DESCRIPTOR):
                detail.Unpack(message)
    named = info.domain == DOMAIN and _REASON.fullmatch(info.reason) is not None
    return (info.reason if named else ""), max(0.0, retry.retry_delay.ToTimedelta().total_seconds())
