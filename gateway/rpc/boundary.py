"""Where Python ends: every call of the project's own services is parsed, guarded and encoded here."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import PurePath
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from grpc_status import rpc_status

from gateway.errors import InvalidInput, VerwijsindexError
from gateway.rpc import events
from gateway.rpc.status import code_of, internal_status, reason_of, status_of

OWN_PACKAGE = "/verwijsindex."
"""Path prefix of the project's own methods; health and reflection handle their errors themselves."""

_Result = TypeVar("_Result")
_Context = grpc.aio.ServicerContext[Any, Any]


async def settle(work: Awaitable[_Result], *, method: str) -> _Result | Status:
    """Return what `work` gives, or the status for the error it raises.

    A deliberate error becomes its row in the table; anything else becomes INTERNAL without text, because the
    text of an unforeseen error can hold what the caller sent. The log gets its class and its place.
    """
    try:
        return await work
    except VerwijsindexError as error:
        status = status_of(error)
        events.CALL_FAILED.emit(method=method, code=code_of(status).name, reason=reason_of(status))
        return status
    except grpc.aio.BaseError:
        raise  # The call has ended already: aborted by the handler, or the connection broke.
    except Exception as error:  # noqa: BLE001 - the outermost boundary: gRPC would send the text to the caller
        events.UNEXPECTED.emit(method=method, error=type(error).__name__, place=_place(error))
        return internal_status()


async def abort(context: _Context, status: Status) -> NoReturn:
    """End the call with `status` and its details."""
    await context.abort_with_status(rpc_status.to_status(status))


class Boundary(grpc.aio.ServerInterceptor):
    """Guards the handlers of the project's own services (`settle`), and reads and writes their messages.

    Reading happens here so that bytes which are no message are INVALID_ARGUMENT like every other bad input;
    writing is deterministic, so that equal answers are equal bytes.
    """

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Replace the handler of an own method by its guarded form; leave others alone."""
        found = await continuation(handler_call_details)
        method = handler_call_details.method
        if found is None or not method.startswith(OWN_PACKAGE):
            return found
        handler: Any = found  # gRPC's stubs know the synchronous form of a handler only
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(_guard_unary(handler, method), None, _encode)
        if handler.stream_stream is not None:
            return grpc.stream_stream_rpc_method_handler(_guard_stream(handler, method), None, _encode)
        raise NotImplementedError(f"{method} has a form that this boundary does not guard")


def _guard_unary(handler: Any, method: str) -> Callable[..., Any]:
    async def answer(request: bytes, context: _Context) -> Message:
        async def work() -> Message:
            result: Message = await handler.unary_unary(_decode(handler, request), context)
            return result

        result = await settle(work(), method=method)
        return await abort(context, result) if isinstance(result, Status) else result

    return answer


def _guard_stream(handler: Any, method: str) -> Callable[..., Any]:
    async def answer(requests: AsyncIterator[bytes], context: _Context) -> None:
        async def decoded() -> AsyncIterator[Message]:
            async for request in requests:
                yield _decode(handler, request)

        async def work() -> None:
            await handler.stream_stream(decoded(), context)

        result = await settle(work(), method=method)
        if isinstance(result, Status):
            await abort(context, result)

    return answer


def _decode(handler: Any, request: bytes) -> Message:
    try:
        message: Message = handler.request_deserializer(request)
    except DecodeError:
        raise InvalidInput.at("request", "must be the message that this method takes") from None
    return message


def _encode(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


def _place(error: BaseException) -> str:
    """Return file and line where the error was raised: a place in the code, no value."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
