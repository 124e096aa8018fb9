"""Lookups over real mutual TLS, beside an echo of the same bytes over the same TLS."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from gateway.bootstrap import run_server
from gateway.domain import Fact
from gateway.index.sealing import Sealer
from gateway.index.sql.store import open_store
from gateway.keyfiles import load_secret
from tests.bench.timing import rate
from tests.support.facts import message, person
from tests.support.sealed import household, involvement
from tests.support.trial import Trial
from verwijsindex.client import IndexClient, Professional, SubjectPseudonym, connect

CALLS = 3000
AT_ONCE = 256
ECHO_METHOD = "/verwijsindex.bench.Echo/Echo"

if TYPE_CHECKING:
    Echo = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]


async def measure_lookups(folder: Path) -> tuple[float, float]:
    """Return lookups a second and echoes a second."""
    trial = await asyncio.to_thread(Trial.make, folder)
    await _fill(trial)
    stop, ready = asyncio.Event(), asyncio.Event()
    server = asyncio.create_task(run_server(trial.settings, stop, on_ready=lambda _host, _port: ready.set()))
    await ready.wait()
    partner = trial.partner("veilig_thuis")
    subject = wire_person()
    tls = partner.tls
    async with connect(
        partner.index.address, certificate=tls.certificate, key=tls.key, trusted_ca=tls.trusted_ca
    ) as index:
        await _lookups(index, subject, 100)
        lookups = await rate(lambda: _lookups(index, subject, CALLS))
        answer = await _one(index, subject)
    stop.set()
    await server
    return lookups, await _measure_echo(trial, size=len(repr(answer)))


def wire_person() -> list[SubjectPseudonym]:
    """Return the person asked for, as a partner names them."""
    return [
        SubjectPseudonym(value=each.reveal(), epoch=each.epoch) for each in person("asked-for").pseudonyms
    ]


async def _fill(trial: Trial) -> None:
    """Give the person asked for a household of three with involvements of three partners."""
    subject = Sealer(load_secret(trial.settings.sealing_key)).seal(person("asked-for"))
    oins = {kind: trial.oin(kind) for kind in ("veilig_thuis", "ggz", "politie")}
    facts: list[Fact] = [involvement(oin, f"x-{kind}", subject=subject) for kind, oin in oins.items()]
    facts.append(household(oins["veilig_thuis"], "a", "b"))
    store = open_store(trial.settings.store)
    async with store.transaction() as tx:
        for fact in facts:
            await tx.facts.save(message(fact))
    await store.close()


async def _one(index: IndexClient, subject: list[SubjectPseudonym]) -> object:
    return await index.lookup(
        subject,
        purpose="safety-assessment",
        professional=Professional(id="bench", role="maatschappelijk-werker", mandate="eigen-taak"),
        own_case=False,
        timeout_seconds=60,
    )


async def _lookups(index: IndexClient, subject: list[SubjectPseudonym], calls: int) -> int:
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask() -> None:
        async with gate:
            await _one(index, subject)

    await asyncio.gather(*(ask() for _ in range(calls)))
    return calls


async def _measure_echo(trial: Trial, *, size: int) -> float:
    tls = trial.settings.tls
    client = trial.partner("ggz").tls
    server = grpc.aio.server()
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(_echo)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("verwijsindex.bench.Echo", {"Echo": handler}),)
    )
    port = server.add_secure_port(
        "127.0.0.1:0",
        grpc.ssl_server_credentials(
            [(tls.key.read_bytes(), tls.certificate.read_bytes())],
            root_certificates=tls.trusted_ca.read_bytes(),
            require_client_auth=True,
        ),
    )
    await server.start()
    credentials = grpc.ssl_channel_credentials(
        client.trusted_ca.read_bytes(), client.key.read_bytes(), client.certificate.read_bytes()
    )
    async with grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials) as channel:
        echo: Echo = channel.unary_unary(ECHO_METHOD)
        await _echoes(echo, bytes(size), 100)
        echoes = await rate(lambda: _echoes(echo, bytes(size), CALLS))
    await server.stop(None)
    return echoes


async def _echo(request: bytes, _context: object) -> bytes:
    return request


async def _echoes(echo: Echo, payload: bytes, calls: int) -> int:
    gate = asyncio.Semaphore(AT_ONCE)

    async def call() -> None:
        async with gate:
            await echo(payload)

    await asyncio.gather(*(call() for _ in range(calls)))
    return calls
