"""MLLP (HL7 Minimal Lower Layer Protocol, release 1): frames in, acknowledgements out, any number of senders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

START = b"\x0b"
END = b"\x1c\r"
LARGEST_FRAME_BYTES = 4 * 1024 * 1024
"""An ADT message is a few kilobytes; more than this in one frame is not one."""
READ_BYTES = 65_536

Handler = Callable[[bytes], Awaitable[bytes]]


class BrokenFraming(ValueError):  # noqa: N818 - says what it is
    """No end of a frame within the limit: the connection cannot be trusted to find the next one."""


class FrameReader:
    """Finds frames in a stream of bytes, however the network cut it; what stands between frames is skipped.

    A start inside a frame means that its sender began again: the half frame is dropped and never mixed with the
    message that follows. It was not acknowledged, so its sender still has it.
    """

    def __init__(self, *, largest: int = LARGEST_FRAME_BYTES) -> None:
        self._largest = largest
        self._buffer = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        """Add received bytes and return the frames that are complete now, without their framing.

        Raises:
            BrokenFraming: a frame grows past the limit.

        """
        self._buffer += received
        frames: list[bytes] = []
        while True:
            start = self._buffer.find(START)
            if start < 0:
                self._buffer.clear()
                return frames
            end = self._buffer.find(END, start)
            if end < 0:
                del self._buffer[: self._buffer.rfind(START)]
                if len(self._buffer) > self._largest:
                    raise BrokenFraming("an MLLP frame is too large")
                return frames
            start = self._buffer.rfind(START, start, end)
            frames.append(bytes(self._buffer[start + 1 : end]))
            del self._buffer[: end + len(END)]


def framed(message: bytes) -> bytes:
    """Return a message in its frame."""
    return START + message + END


@asynccontextmanager
async def serve_mllp(host: str, port: int, handler: Handler) -> AsyncIterator[int]:
    """Serve MLLP while the block runs; yield the port (a free one for port 0).

    Frames of one connection are handled in order; `handler` returns the acknowledgement and never raises for
    what is in a frame. It raises ConnectionError when the message cannot be kept now: the connection is closed
    without an acknowledgement, and the sender sends again. A connection whose framing is broken is closed too;
    the others go on.
    """
    connections: set[asyncio.Task[None]] = set()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            connections.add(task)
            task.add_done_callback(connections.discard)
        try:
            await _converse(reader, writer, handler)
        except (ConnectionError, BrokenFraming, asyncio.CancelledError):
            # The sender left, broke the framing, or we stop: it sends again what was not acknowledged.
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve_one, host, port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for connection in list(connections):
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()


async def send_mllp(host: str, port: int, messages: Sequence[bytes]) -> list[bytes]:
    """Send messages over one connection, each after the acknowledgement of the one before; return those."""
    reader, writer = await asyncio.open_connection(host, port)
    frames = FrameReader()
    waiting: list[bytes] = []
    acknowledgements = []
    try:
        for message in messages:
            writer.write(framed(message))
            await writer.drain()
            while not waiting:
                received = await reader.read(READ_BYTES)
                if not received:
                    raise ConnectionError("the receiver closed the connection without an acknowledgement")
                waiting += frames.feed(received)
            acknowledgements.append(waiting.pop(0))
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return acknowledgements


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
    frames = FrameReader()
    while received := await reader.read(READ_BYTES):
        for frame in frames.feed(received):
            writer.write(framed(await handler(frame)))
            await writer.drain()
