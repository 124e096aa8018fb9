"""A partner's desk for tests: an index and a pseudonym service that do as the test says, and the agent before them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from grpc_status import rpc_status

from gateway.agent.server import run_agent
from gateway.errors import VerwijsindexError
from gateway.rpc.status import status_of
from gateway.settings import PartnerSettings, load_partner_settings
from tests.support.scripted_pseudonyms import OIN_INDEX, OIN_PARTNER, PseudonymSite
from verwijsindex.v1 import (
    agent_pb2,
    agent_pb2_grpc,
    break_glass_pb2,
    break_glass_pb2_grpc,
    common_pb2,
    index_pb2,
    index_pb2_grpc,
)

BSN = "999993653"
PROFESSIONAL = common_pb2.Professional(id="medewerker-1", role="behandelaar", mandate="eigen-taak")
ANSWER = index_pb2.LookupResponse(
    involvements=[
        index_pb2.Involvement(
            partner_oin="00000099100000000200",
            partner_kind="ggz",
            partner_name="GGZ (synthetic)",
            desk=common_pb2.Desk(code="aanmeldbureau", name="Aanmeldbureau", telephone="+31880000020"),
            since_month="2026-01",
            concern=index_pb2.CONCERN_HOUSEHOLD,
        )
    ],
    notice="Dit overzicht kan onvolledig zijn.",
    receipt=index_pb2.Receipt(record_id="0" * 36, consistency_token=bytes(16)),
)

DECLARED = break_glass_pb2.BreakGlassServiceDeclareResponse(
    declaration_id="019a0000-0000-7000-8000-000000000001",
    receipt=index_pb2.Receipt(record_id="0" * 36, consistency_token=bytes(16)),
)

_Context = grpc.aio.ServicerContext[Any, Any]


class ScriptedIndex(index_pb2_grpc.IndexServiceServicer):
    """Gives ANSWER; `troubles` are raised by the next calls, `gate` holds every call until it is set.

    `seconds_left` is what each call had of its deadline.
    """

    def __init__(self) -> None:
        self.asked: list[index_pb2.LookupRequest] = []
        self.seconds_left: list[float] = []
        self.callers: list[str] = []
        self.troubles: list[VerwijsindexError | grpc.StatusCode] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived = asyncio.Event()

    async def Lookup(  # noqa: N802 - the name of the method in the contract
        self, request: index_pb2.LookupRequest, context: _Context
    ) -> index_pb2.LookupResponse:
        """Answer, or do what the script says."""
        self.asked.append(request)
        self.seconds_left.append(context.time_remaining())
        self.arrived.set()
        await self.gate.wait()
        if self.troubles:
            trouble = self.troubles.pop(0)
            if isinstance(trouble, grpc.StatusCode):
                await context.abort(trouble, "PLANTED db.internal:5432")
            else:
                await context.abort_with_status(rpc_status.to_status(status_of(trouble)))
        return ANSWER

    def LookupStream(self, request_iterator: Any, context: Any) -> Any:  # noqa: N802
        """Not asked by the agent."""
        raise NotImplementedError


class ScriptedBreakGlass(break_glass_pb2_grpc.BreakGlassServiceServicer):
    """Gives DECLARED; `troubles` are raised by the next calls."""

    def __init__(self) -> None:
        self.declared: list[break_glass_pb2.BreakGlassServiceDeclareRequest] = []
        self.troubles: list[VerwijsindexError] = []

    async def Declare(  # noqa: N802 - the name of the method in the contract
        self, request: break_glass_pb2.BreakGlassServiceDeclareRequest, context: _Context
    ) -> break_glass_pb2.BreakGlassServiceDeclareResponse:
        """Declare, or do what the script says."""
        self.declared.append(request)
        if self.troubles:
            await context.abort_with_status(rpc_status.to_status(status_of(self.troubles.pop(0))))
        return DECLARED


@dataclass
class AgentDesk:
    """The services, and the partner's settings, which `agent` runs on."""

    folder: Path
    pseudonyms: PseudonymSite
    index: ScriptedIndex
    index_port: int
    break_glass: ScriptedBreakGlass
    log: list[str] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator[AgentDesk]:
        """Run the index and the pseudonym service while the block runs."""
        site, index = PseudonymSite(folder), ScriptedIndex()
        site.ca.issue(OIN_INDEX, "Synthetic index", folder / "index", server=True)
        tls = site.tls_of("index")
        server = grpc.aio.server()
        index_pb2_grpc.add_IndexServiceServicer_to_server(index, server)
        break_glass = ScriptedBreakGlass()
        break_glass_pb2_grpc.add_BreakGlassServiceServicer_to_server(break_glass, server)
        credentials = grpc.ssl_server_credentials(
            [(tls.key.read_bytes(), tls.certificate.read_bytes())],
            root_certificates=tls.trusted_ca.read_bytes(),
            require_client_auth=True,
        )
        port = server.add_secure_port("127.0.0.1:0", credentials)
        await server.start()
        try:
            async with site.serving():
                yield cls(folder, site, index, port, break_glass)
        finally:
            await server.stop(None)

    def write_settings(self, agent: str = "", *, pseudonym_port: int | None = None) -> Path:
        """Write the partner's settings file; `agent` stands under `[agent]`."""
        path = self.folder / "partner.toml"
        path.write_text(
            f"""\
environment = "trial"
oin = "{OIN_PARTNER}"
kind = "ggz"
signing_key = "signing-key.pem"
reference_key = "reference.key"
state = "state.sqlite3"
quarantine = "quarantine"
[bus]
url = "sqlite:///bus.sqlite3"
[index]
address = "127.0.0.1:{self.index_port}"
[tls]
certificate = "partner/certificate.pem"
key = "partner/key.pem"
trusted_ca = "ca/ca.pem"
[pseudonyms]
address = "127.0.0.1:{self.pseudonyms.port if pseudonym_port is None else pseudonym_port}"
public_keys = "{self.pseudonyms.pinned_file.name}"
[pseudonyms.retry]
attempts = 1
[lookup]
professional = "medewerker-1"
role = "behandelaar"
mandate = "eigen-taak"
[agent]
{agent}
""",
            "utf-8",
        )
        return path

    def settings(self, agent: str = "", *, pseudonym_port: int | None = None) -> PartnerSettings:
        """Return the partner's settings."""
        return load_partner_settings(self.write_settings(agent, pseudonym_port=pseudonym_port))


@dataclass
class RunningAgent:
    """An agent that runs in this process."""

    address: str
    channel: grpc.aio.Channel
    stop: asyncio.Event
    task: asyncio.Task[None]

    async def ask(self, *, wait_seconds: float | None = 60, **changes: Any) -> index_pb2.LookupResponse:
        """Ask about BSN, with `changes` to the question, and wait so long (None: without a deadline)."""
        values: dict[str, Any] = {
            "bsn": BSN,
            "purpose": "coordination-of-care",
            "professional": PROFESSIONAL,
            "own_case": common_pb2.OWN_CASE_NO,
        } | changes
        request = agent_pb2.AgentServiceLookupRequest(**values)
        return (
            await agent_pb2_grpc.AgentServiceStub(self.channel).Lookup(request, timeout=wait_seconds)
        ).answer


@asynccontextmanager
async def agent(settings: PartnerSettings) -> AsyncIterator[RunningAgent]:
    """Run the agent, as the command does, until the block ends."""
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run_agent(settings, stop, on_ready=ready.set_result))
    await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    try:
        async with grpc.aio.insecure_channel(ready.result()) as channel:
            yield RunningAgent(ready.result(), channel, stop, task)
    finally:
        stop.set()
        await task
