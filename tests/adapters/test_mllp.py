"""MLLP finds frames however the network cut them, and one bad connection leaves the others alone."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kit.mllp import LARGEST_FRAME_BYTES, FrameReader, framed, send_mllp, serve_mllp

messages = st.lists(
    st.binary(max_size=40).filter(lambda b: b"\x1c" not in b and b"\x0b" not in b), max_size=6
)


@given(
    sent=messages,
    cuts=st.lists(st.integers(0, 300), max_size=8),
    noise=st.sampled_from([b"", b"\r\n", b"xx"]),
)
def test_frames_come_out_whole_however_the_stream_is_cut(
    sent: list[bytes], cuts: list[int], noise: bytes
) -> None:
    stream = b"".join(noise + framed(message) for message in sent)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    reader = FrameReader()
    found = [frame for start, end in pairwise(edges) for frame in reader.feed(stream[start:end])]
    assert found == sent


@given(half=st.binary(max_size=40).filter(lambda b: b"\x1c" not in b and b"\x0b" not in b))
def test_a_sender_that_begins_again_is_heard_from_there(half: bytes) -> None:
    """A half frame and the whole one after it must not become one message about two persons."""
    reader = FrameReader()
    assert reader.feed(b"\x0b" + half) == []
    assert reader.feed(framed(b"whole") + framed(b"next")) == [b"whole", b"next"]


def test_a_frame_without_an_end_is_given_up_at_the_limit() -> None:
    reader = FrameReader(largest=100)
    with pytest.raises(ValueError, match="too large"):
        reader.feed(b"\x0b" + bytes(200))


async def answer(frame: bytes) -> bytes:
    return b"ACK " + frame


async def test_senders_are_answered_in_order_and_at_once() -> None:
    async with serve_mllp("127.0.0.1", 0, answer) as port:
        answers = await asyncio.gather(
            *(send_mllp("127.0.0.1", port, [f"{sender}-{n}".encode() for n in range(20)]) for sender in "abc")
        )
    assert answers == [[f"ACK {sender}-{n}".encode() for n in range(20)] for sender in "abc"]


async def test_a_sender_that_leaves_half_way_does_not_stop_the_others() -> None:
    async with serve_mllp("127.0.0.1", 0, answer) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x0bhalf a mess")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert await send_mllp("127.0.0.1", port, [b"whole"]) == [b"ACK whole"]


async def test_a_frame_that_is_too_large_closes_its_connection_and_no_other() -> None:
    async with serve_mllp("127.0.0.1", 0, answer) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x0b")
        try:
            for _ in range(2 * LARGEST_FRAME_BYTES // 65_536):
                writer.write(bytes(65_536))
                await writer.drain()
            assert await reader.read() == b""
        except ConnectionError:
            pass  # Closed while we still wrote: as good.
        writer.close()
        assert await send_mllp("127.0.0.1", port, [b"whole"]) == [b"ACK whole"]


async def test_a_message_that_cannot_be_kept_gets_no_acknowledgement() -> None:
    kept: list[bytes] = []

    async def full_at_first(frame: bytes) -> bytes:
        kept.append(frame)
        if len(kept) == 1:
            raise ConnectionError("the outbox does not take it")
        return b"ACK"

    async with serve_mllp("127.0.0.1", 0, full_at_first) as port:
        with pytest.raises(ConnectionError):
            await send_mllp("127.0.0.1", port, [b"one"])
        assert await send_mllp("127.0.0.1", port, [b"one"]) == [b"ACK"]
    assert kept == [b"one", b"one"]
