"""The agent's process: one service on one local address, with health and reflection, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import grpc
from grpc_health.v1 import health as health_names
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from gateway.agent import events
from gateway.agent.index import open_index
from gateway.agent.listening import listen_on_loopback, listen_on_socket
from gateway.agent.service import AgentService
from gateway.pseudonyms.client import open_pseudonymiser
from gateway.rpc.boundary import Boundary
from gateway.rpc.health import Checked, Health
from gateway.settings import PartnerSettings
from verwijsindex.v1 import agent_pb2, agent_pb2_grpc

GRACE_SECONDS = 20.0
"""How long questions under way may take after a stop: the deadline that callers are advised to set."""

_SERVICE = agent_pb2.DESCRIPTOR.services_by_name["AgentService"].full_name
_CALLS_AT_ONCE = 200

_OPTIONS: tuple[tuple[str, int], ...] = (
    # A question has a few hundred bytes.
    ("grpc.max_receive_message_length", 16 * 1024),
    ("grpc.max_metadata_size", 8 * 1024),
    # Two processes on one port would share its calls without a word; the second one must fail instead.
    ("grpc.so_reuseport", 0),
)


class AgentServer:
    """Serves one AgentService on a Unix socket or on the loopback interface."""

    def __init__(self, service: AgentService, checked: Checked) -> None:
        self._service = service
        self._health = Health(checked, (_SERVICE,))
        self._server = self._build()
        self._informing: asyncio.Task[None] | None = None
        self._socket: Path | None = None

    async def start(self, settings: PartnerSettings) -> str:
        """Begin to answer where the settings say and return the address: `unix:<path>` or `host:port`.

        Raises:
            ConfigurationError: the address cannot be used; UnsafeConfigurationError: it is not safe.

        """
        self._socket = settings.agent_socket
        if self._socket is not None:
            address = listen_on_socket(self._server, self._socket)
        else:
            address = listen_on_loopback(self._server, settings.agent.host, settings.agent.port or 0)
        await self._server.start()
        self._informing = asyncio.create_task(self._health.keep_watchers_informed())
        events.STARTED.emit(address=address)
        return address

    async def stop(self) -> None:
        """Say NOT_SERVING, take no new question, give those under way GRACE_SECONDS, and end; idempotent."""
        if self._informing is None:
            return
        informing, self._informing = self._informing, None
        await self._health.enter_graceful_shutdown()
        informing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await informing
        await self._server.stop(GRACE_SECONDS)
        if self._socket is not None:
            self._socket.unlink(missing_ok=True)
        events.STOPPED.emit()

    def _build(self) -> grpc.aio.Server:
        server = grpc.aio.server(
            interceptors=[Boundary()], options=_OPTIONS, maximum_concurrent_rpcs=_CALLS_AT_ONCE
        )
        agent_pb2_grpc.add_AgentServiceServicer_to_server(self._service, server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (_SERVICE, health_names.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
        return server


async def run_agent(
    settings: PartnerSettings, stop: asyncio.Event, *, on_ready: Callable[[str], None]
) -> None:
    """Answer questions with a BSN until `stop` is set; `on_ready` is called once with the address.

    Raises:
        ConfigurationError: certificate, key, CA, pinned keys or address cannot be used.

    """
    async with (
        open_pseudonymiser(settings.pseudonyms, settings.tls) as pseudonymiser,
        open_index(settings.index, settings.tls) as index,
    ):
        server = AgentServer(AgentService(pseudonymiser, index), pseudonymiser)
        on_ready(await server.start(settings))
        try:
            await stop.wait()
        finally:
            await server.stop()
