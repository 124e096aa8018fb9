"""From the status of a call to the pseudonym service to the project's own errors.

Texts are written here: whatever the other side put into its own stays out of this side's logs. Its reason is
taken over where it is a code (google.rpc.ErrorInfo.reason, capitals).
"""

from __future__ import annotations

import grpc

from gateway.errors import (
    EpochRefused,
    NotPermitted,
    PseudonymsUnavailable,
    QuotaExceeded,
    Unauthenticated,
    VerwijsindexError,
)
from gateway.pseudonyms.patience import Failure
from verwijsindex.status import AWAY, details_of

QUOTA_EXCEEDED = "QUOTA_EXCEEDED"


def failure_of(call: grpc.aio.AioRpcError, *, address: str) -> Failure:
    """Return what the end of a call means: the error to raise, and whether the same call may be made again.

    A refusal is about this partner or this epoch, a failure about the service; neither repeats a value.
    """
    code, told = call.code(), details_of(call)
    reason, advised = told.reason, told.retry_after_seconds or 0.0
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
    return Failure(away, may_repeat=code in AWAY, advised_seconds=advised)


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
