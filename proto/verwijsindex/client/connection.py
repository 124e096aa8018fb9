"""The connection to an index: mutual TLS, bounded retries, one question or many."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc

from verwijsindex.client.break_glass import BreakGlassCalls
from verwijsindex.client.consents import ConsentCalls
from verwijsindex.client.errors import IndexClientError, error_of_call, error_of_failure
from verwijsindex.client.model import Answer, Partner, Professional, Question, SubjectPseudonym
from verwijsindex.client.refusals import RefusalCalls
from verwijsindex.client.wire import read_answer, read_partner, write_question
from verwijsindex.v1 import index_pb2, index_pb2_grpc, partner_pb2, partner_pb2_grpc

DEADLINE_SECONDS = 5.0
"""The contract's advice for a lookup."""

_PAGE = 500

SERVICE_CONFIG = {
    "methodConfig": [
        {
            # UNAVAILABLE means that nothing was answered, so asking again shows nobody anything twice. What is written
            # here is the same when it is written again. A stream is not repeated: part of it may have been answered.
            "name": [
                {"service": "verwijsindex.v1.IndexService", "method": "Lookup"},
                {"service": "verwijsindex.v1.PartnerService"},
                {"service": "verwijsindex.v1.RefusalService"},
                {"service": "verwijsindex.v1.ConsentService"},
            ],
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
"""gRPC's service config for a channel to an index: what is repeated, and how often."""

_Stream = grpc.aio.StreamStreamCall[index_pb2.LookupStreamRequest, index_pb2.LookupStreamResponse]


class IndexClient:
    """What a partner can ask. Safe to share between tasks of one event loop; made by `connect`."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._index = index_pb2_grpc.IndexServiceStub(channel)
        self._partners = partner_pb2_grpc.PartnerServiceStub(channel)
        self.break_glass = BreakGlassCalls(channel)
        self.consents = ConsentCalls(channel)
        self.refusals = RefusalCalls(channel)

    async def lookup(
        self,
        subject: Sequence[SubjectPseudonym],
        *,
        purpose: str,
        professional: Professional,
        own_case: bool,
        declaration: str = "",
        fresher_than: bytes = b"",
        timeout_seconds: float = DEADLINE_SECONDS,
    ) -> Answer:
        """Ask who else is involved with the household of one person.

        `subject` has the person's pseudonym under every epoch that is current: one, or two while one takes over.

        `own_case` says whether the professional is this person or a member of the household: it must be said, and the
        index refuses the question if it is so. `declaration` is the id of the professional's break-glass declaration.
        `fresher_than` is a consistency token from an earlier receipt: the answer is at least as fresh.

        Raises:
            LookupRefused: the index will not answer this question; the subclass says why.
            IndexUnavailable: no answer within `timeout_seconds`, retries included.

        """
        question = Question(
            id="",
            subject=subject,
            purpose=purpose,
            professional=professional,
            own_case=own_case,
            declaration=declaration,
            fresher_than=fresher_than,
        )
        try:
            return read_answer(await self._index.Lookup(write_question(question), timeout=timeout_seconds))
        except grpc.aio.AioRpcError as error:
            raise error_of_call(error) from None

    async def lookup_many(
        self, questions: AsyncIterable[Question] | Iterable[Question], *, timeout_seconds: float | None = None
    ) -> AsyncGenerator[tuple[str, Answer | IndexClientError], None]:
        """Ask many questions over one stream; yield each question's id with its outcome, as they get ready.

        A question that fails is an outcome like any other. Questions are taken from `questions` as fast as
        the index takes them, so an endless source is fine. An error raised by `questions` itself comes out
        after the outcomes of the questions before it.

        Raises:
            LookupRefused: the index refuses the whole stream.
            IndexUnavailable: the stream broke, or is not done within `timeout_seconds` (None: no limit);
                questions without an outcome were not answered.
            ValueError: two questions under way have the same id.

        """
        call: _Stream = self._index.LookupStream(timeout=timeout_seconds)
        under_way: set[str] = set()
        sending = asyncio.create_task(_send(call, questions, under_way))
        try:
            while isinstance(response := await call.read(), index_pb2.LookupStreamResponse):
                if response.correlation_id not in under_way:
                    raise error_of_failure(response.failure)
                under_way.discard(response.correlation_id)
                yield response.correlation_id, _outcome(response)
            await sending
        except grpc.aio.AioRpcError as error:
            raise error_of_call(error) from None
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            call.cancel()

    async def partners(self, *, kind: str = "", timeout_seconds: float = DEADLINE_SECONDS) -> list[Partner]:
        """Return the directory, or the partners of one kind, sorted by kind, name and OIN.

        `timeout_seconds` holds for each page of 500.

        Raises:
            LookupRefused: as for `lookup`.
            IndexUnavailable: as for `lookup`.

        """
        found: list[Partner] = []
        request = partner_pb2.ListPartnersRequest(kind=kind, page_size=_PAGE)
        try:
            while True:
                page = await self._partners.ListPartners(request, timeout=timeout_seconds)
                found.extend(read_partner(partner) for partner in page.partners)
                if not page.next_page_token:
                    return found
                request.page_token = page.next_page_token
        except grpc.aio.AioRpcError as error:
            raise error_of_call(error) from None


@asynccontextmanager
async def connect(
    address: str, *, certificate: Path, key: Path, trusted_ca: Path, server_name: str | None = None
) -> AsyncIterator[IndexClient]:
    """Connect to the index at `address` (`host:port`) with the partner's certificate; all files are PEM.

    `server_name` is the name in the index's certificate where it differs from the host. The connection is
    made by the first question; the certificates are checked then.

    Raises:
        OSError: one of the files cannot be read.

    """
    credentials = _credentials(certificate, key, trusted_ca)
    options: list[tuple[str, Any]] = [("grpc.service_config", json.dumps(SERVICE_CONFIG))]
    if server_name is not None:
        options.append(("grpc.ssl_target_name_override", server_name))
    async with grpc.aio.secure_channel(address, credentials, options=options) as channel:
        yield IndexClient(channel)


def _credentials(certificate: Path, key: Path, trusted_ca: Path) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        root_certificates=trusted_ca.read_bytes(),
        private_key=key.read_bytes(),
        certificate_chain=certificate.read_bytes(),
    )


def _outcome(response: index_pb2.LookupStreamResponse) -> Answer | IndexClientError:
    if response.HasField("answer"):
        return read_answer(response.answer)
    return error_of_failure(response.failure)


async def _send(
    call: _Stream, questions: AsyncIterable[Question] | Iterable[Question], under_way: set[str]
) -> None:
    try:
        async for question in _each(questions):
            if question.id in under_way:
                raise ValueError("two questions under way have the same id")
            under_way.add(question.id)
            request = index_pb2.LookupStreamRequest(
                correlation_id=question.id, lookup=write_question(question)
            )
            await call.write(request)
    finally:
        # Also after an error: the index then ends the stream once it has answered what it was asked.
        await call.done_writing()


async def _each(questions: AsyncIterable[Question] | Iterable[Question]) -> AsyncIterator[Question]:
    if isinstance(questions, AsyncIterable):
        async for question in questions:
            yield question
    else:
        for question in questions:
            yield question
