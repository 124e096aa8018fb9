"""What is read from the end of a call: the services' own details, and nothing of what only looks like them."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from verwijsindex.client.errors import IndexUnavailable, error_of_call
from verwijsindex.status import DOMAIN, Details, details_of

CODE, TEXT = grpc.StatusCode.UNAVAILABLE, "away"
OWN = ErrorInfo(reason="STORE_UNAVAILABLE", domain=DOMAIN)


def status(*details: Message, code: grpc.StatusCode = CODE) -> Status:
    made = Status(code=code.value[0], message=TEXT)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        made.details.append(packed)
    return made


def ended(trailer: bytes | None) -> grpc.aio.AioRpcError:
    """A call that ended with CODE and TEXT, and these bytes as its details."""
    trailing = grpc.aio.Metadata()
    if trailer is not None:
        trailing.add("grpc-status-details-bin", trailer)
    return grpc.aio.AioRpcError(CODE, grpc.aio.Metadata(), trailing, details=TEXT)


def retry(seconds: int, nanos: int = 0) -> Message:
    made: Message = RetryInfo(retry_delay=Duration(seconds=seconds, nanos=nanos))
    return made


def test_details_of_a_service_of_this_project_are_read_whole() -> None:
    told = status(OWN, retry(2, 500_000_000))
    assert details_of(ended(told.SerializeToString())) == Details(
        reason="STORE_UNAVAILABLE", retry_after_seconds=2.5, status=told
    )


@pytest.mark.parametrize(
    "info",
    [
        ErrorInfo(reason="STORE_UNAVAILABLE", domain="proxy.example"),
        ErrorInfo(reason="STORE_UNAVAILABLE"),
        ErrorInfo(reason="", domain=DOMAIN),
        ErrorInfo(reason="db.internal is away", domain=DOMAIN),
        ErrorInfo(reason="A" * 64, domain=DOMAIN),
    ],
)
def test_a_reason_of_another_domain_or_that_is_no_code_is_none(info: Message) -> None:
    assert details_of(ended(status(info).SerializeToString())).reason == ""


@pytest.mark.parametrize(
    "trailer",
    [
        None,
        b"",
        b"\xff\xff",
        status(OWN, code=grpc.StatusCode.PERMISSION_DENIED).SerializeToString(),
        Status(
            code=CODE.value[0],
            message=TEXT,
            details=[AnyMessage(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff")],
        ).SerializeToString(),
    ],
)
def test_details_that_are_absent_unreadable_or_contradict_the_status_are_none(trailer: bytes | None) -> None:
    call = ended(trailer)
    assert details_of(call) == Details()
    error = error_of_call(call)
    assert (type(error), error.reason) == (IndexUnavailable, "UNAVAILABLE")


@pytest.mark.parametrize(("seconds", "expected"), [(-5, 0.0), (0, 0.0), (2**62, float(2**62))])
def test_any_delay_is_a_number_of_seconds_from_zero_up(seconds: int, expected: float) -> None:
    told = details_of(ended(status(OWN, retry(seconds)).SerializeToString()))
    assert told.retry_after_seconds == expected
