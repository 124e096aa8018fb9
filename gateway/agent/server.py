"""The agent's process: one service on one local address, with health and reflection, until it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import grpc

from gateway.agent import events
from gateway.agent.index import open_index
from gateway.agent.listening import listen_on_loopback, listen_on_socket
from gateway.agent.service import LONGEST_QUESTION_SECONDS, AgentService
from gateway.agent.staff import StaffList
from gateway.pseudonyms.client import open_pseudonymiser
from gateway.rpc.health import Checked
from gateway.rpc.serving import Limits, Service, ServiceServer
from gateway.settings import PartnerSettings
from verwijsindex.v1 import agent_pb2, agent_pb2_grpc

_LIMITS = Limits(
    largest_request_bytes=16 * 1024,  # A question has a few hundred bytes.
    calls_at_once=200,
    grace_seconds=LONGEST_QUESTION_SECONDS,
)


async def run_agent(
    settings: PartnerSettings, stop: asyncio.Event, *, on_ready: Callable[[str], None]
) -> None:
    """Answer questions with a BSN until `stop` is set; `on_ready` is called once with the address.

    The address is `unix:<path>` or `host:port`.

    Raises:
        ConfigurationError: certificate, key, CA, pinned keys, list of own cases or address cannot be used.
        UnsafeConfigurationError: the list or the address can be used, and is not safe.

    """
    staff = StaffList(settings.own_case.staff)
    staff.check()
    async with (
        open_pseudonymiser(settings.pseudonyms, settings.tls) as pseudonymiser,
        open_index(settings.index, settings.tls) as index,
    ):
        server = _server(AgentService(pseudonymiser, index, staff), pseudonymiser, settings)
        address = await server.start()
        events.STARTED.emit(address=address)
        on_ready(address)
        try:
            await stop.wait()
        finally:
            await server.stop()
            if settings.agent_socket is not None:
                settings.agent_socket.unlink(missing_ok=True)
            events.STOPPED.emit()


def _server(agent: AgentService, checked: Checked, settings: PartnerSettings) -> ServiceServer[str]:
    service = Service.of(
        agent_pb2.DESCRIPTOR,
        "AgentService",
        lambda server: agent_pb2_grpc.add_AgentServiceServicer_to_server(agent, server),
    )
    return ServiceServer(
        (service,), checked=checked, bind=lambda server: _listen(server, settings), limits=_LIMITS
    )


def _listen(server: grpc.aio.Server, settings: PartnerSettings) -> str:
    if settings.agent_socket is not None:
        return listen_on_socket(server, settings.agent_socket)
    return listen_on_loopback(server, settings.agent.host, settings.agent.port or 0)
