"""The one table from the project's errors to gRPC status with google.rpc details (google/rpc/error_details.proto)."""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from gateway.errors import (
    BusUnavailable,
    ConfigurationError,
    EpochRefused,
    InvalidInput,
    MessageRejected,
    NotFreshEnough,
    NotPermitted,
    PseudonymsUnavailable,
    QuotaExceeded,
    RecordRejected,
    Refusal,
    StoreUnavailable,
    Unauthenticated,
    Unavailable,
    UnknownReference,
    UnsafeConfigurationError,
    VerwijsindexError,
)
from verwijsindex.status import DOMAIN
from verwijsindex.v1.index_pb2 import FieldViolation, LookupFailure

RETRY_AFTER_SECONDS = 1.0
"""What RetryInfo advises where a dependency is away: long enough for a failover to make a difference."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a caller is told. Without `text` the error's own text is public; it names rules, never values."""

    code: grpc.StatusCode
    reason: str
    text: str | None = None


_INTERNAL = Row(
    grpc.StatusCode.INTERNAL, "INTERNAL", "the service failed; its operator finds the cause in the log"
)
_REFUSED = "REFUSED"

TABLE: dict[type[VerwijsindexError], Row] = {
    VerwijsindexError: _INTERNAL,
    ConfigurationError: _INTERNAL,
    UnsafeConfigurationError: _INTERNAL,
    InvalidInput: Row(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_INPUT"),
    MessageRejected: Row(grpc.StatusCode.INVALID_ARGUMENT, "MESSAGE_REJECTED"),
    RecordRejected: Row(grpc.StatusCode.INVALID_ARGUMENT, "RECORD_REJECTED"),
    Refusal: Row(grpc.StatusCode.PERMISSION_DENIED, _REFUSED),
    Unauthenticated: Row(grpc.StatusCode.UNAUTHENTICATED, _REFUSED),
    NotPermitted: Row(grpc.StatusCode.PERMISSION_DENIED, _REFUSED),
    UnknownReference: Row(grpc.StatusCode.NOT_FOUND, _REFUSED),
    EpochRefused: Row(grpc.StatusCode.FAILED_PRECONDITION, _REFUSED),
    QuotaExceeded: Row(grpc.StatusCode.RESOURCE_EXHAUSTED, _REFUSED),
    # The texts of these name hosts and databases: for the operator's log, not for a caller.
    Unavailable: Row(
        grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE", "the service cannot answer now; nothing was answered"
    ),
    StoreUnavailable: Row(
        grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE", "the store is away; nothing was answered"
    ),
    BusUnavailable: Row(
        grpc.StatusCode.UNAVAILABLE, "BUS_UNAVAILABLE", "the bus is away; nothing was answered"
    ),
    PseudonymsUnavailable: Row(
        grpc.StatusCode.UNAVAILABLE,
        "PSEUDONYMS_UNAVAILABLE",
        "the pseudonym service is away; nothing was answered",
    ),
    NotFreshEnough: Row(
        grpc.StatusCode.UNAVAILABLE,
        "NOT_FRESH_ENOUGH",
        "the index has not come as far as the consistency token",
    ),
}


def row_of(error: VerwijsindexError) -> Row:
    """Return the row of the error's class, or of its nearest base class that has one."""
    return next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)


def status_of(error: VerwijsindexError) -> Status:
    """Return the status for `error`: ErrorInfo always, BadRequest and RetryInfo where they apply."""
    row = row_of(error)
    reason = error.reason if isinstance(error, Refusal) else row.reason
    return _status(row, reason, str(error) if row.text is None else row.text, _details(error))


def internal_status() -> Status:
    """Return the status for a defect: that there was one, and nothing of it."""
    return _status(_INTERNAL, _INTERNAL.reason, _INTERNAL.text or "", [])


def reason_of(status: Status) -> str:
    """Return the ErrorInfo reason of a status made here."""
    info = ErrorInfo()
    status.details[0].Unpack(info)
    reason: str = info.reason
    return reason


def code_of(status: Status) -> grpc.StatusCode:
    """Return the gRPC code of a status."""
    return _CODES[status.code]


def failure_of(status: Status) -> LookupFailure:
    """Return the status as the failure of one question in a stream."""
    failure = LookupFailure(code=status.code, reason=reason_of(status), message=status.message)
    bad_request = BadRequest()
    for detail in status.details:
        if detail.Unpack(bad_request):
            failure.field_violations.extend(
                FieldViolation(field=violation.field, description=violation.description)
                for violation in bad_request.field_violations
            )
    return failure


_CODES = {code.value[0]: code for code in grpc.StatusCode}


def _details(error: VerwijsindexError) -> list[Message]:
    if isinstance(error, InvalidInput):
        violations = [
            BadRequest.FieldViolation(field=violation.path, description=violation.rule)
            for violation in error.violations
        ]
        return [BadRequest(field_violations=violations)]
    if isinstance(error, QuotaExceeded):
        return [_retry_after(error.retry_after_seconds)]
    if isinstance(error, Unavailable):
        return [_retry_after(RETRY_AFTER_SECONDS)]
    return []


def _retry_after(seconds: float) -> RetryInfo:
    nanoseconds = round(max(seconds, 0.0) * 1e9)
    delay = Duration(seconds=nanoseconds // 10**9, nanos=nanoseconds % 10**9)
    return RetryInfo(retry_delay=delay)


def _status(row: Row, reason: str, text: str, details: list[Message]) -> Status:
    status = Status(code=row.code.value[0], message=text)
    for message in (ErrorInfo(reason=reason, domain=DOMAIN), *details):
        packed = AnyMessage()
        packed.Pack(message)
        status.details.append(packed)
    return status
