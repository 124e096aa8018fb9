"""What the end of a call says under this contract: its google.rpc details (google/rpc/error_details.proto), read once.

Callers of the index and of the pseudonym service read with it, and both services write what it reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from grpc_status import rpc_status

DOMAIN = "verwijsindex"
"""`google.rpc.ErrorInfo.domain` of every error of the project's services."""

AWAY = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)
"""Nothing is wrong with the request. RESOURCE_EXHAUSTED without a quota comes from gRPC: too many calls at once."""

_REASON = re.compile(r"[A-Z][A-Z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Details:
    """What a service told with the end of a call; nothing is set where nothing was told.

    `reason` is set only where a service of this project spoke, and is a code: fit for a log. `violations` are
    pairs of a field's path and the rule. `status` is the whole, to be passed on.
    """

    reason: str = ""
    retry_after_seconds: float | None = None
    violations: tuple[tuple[str, str], ...] = ()
    status: Status | None = None


def details_of(call: grpc.aio.AioRpcError) -> Details:
    """Return the details of a call that ended with another status than OK.

    Details that cannot be read, or contradict the status, are not of this project's services: as none.
    """
    try:
        status = rpc_status.from_call(call)  # type: ignore[arg-type]  # it reads what both kinds of call have
        return Details() if status is None else _read(status)
    except (ValueError, DecodeError):
        return Details()


def _read(status: Status) -> Details:
    info, retry, bad_request = ErrorInfo(), RetryInfo(), BadRequest()
    for detail in status.details:
        for message in (info, retry, bad_request):
            detail.Unpack(message)
    delay = retry.retry_delay if retry.HasField("retry_delay") else None
    return Details(
        reason=info.reason if info.domain == DOMAIN and _REASON.fullmatch(info.reason) else "",
        retry_after_seconds=None if delay is None else max(0.0, delay.seconds + delay.nanos / 1e9),
        violations=tuple((each.field, each.description) for each in bad_request.field_violations),
        status=status,
    )
