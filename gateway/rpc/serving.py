"""A gRPC server for any of the project's services: mutual TLS and nothing else, bounded in what it takes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import grpc
from grpc_health.v1 import health as health_names
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from gateway.errors import ConfigurationError
from gateway.identities.certificates import TlsIdentity, load_identity
from gateway.rpc import events
from gateway.rpc.boundary import Boundary
from gateway.rpc.health import Checked, Health
from gateway.settings import ListenSettings, TlsSettings

GRACE_SECONDS = 10.0
"""How long calls under way may take after a stop; longer than the recommended deadline of a lookup."""

_LARGEST_METADATA_BYTES = 8 * 1024
_CALLS_AT_ONCE = 1000
_CALLS_AT_ONCE_A_CONNECTION = 100
_SECOND = 1000

_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_metadata_size", _LARGEST_METADATA_BYTES),
    ("grpc.max_concurrent_streams", _CALLS_AT_ONCE_A_CONNECTION),
    # A certificate is checked when a connection is made: an hour is the longest an expired one goes on.
    ("grpc.max_connection_age_ms", 3600 * _SECOND),
    ("grpc.max_connection_age_grace_ms", 300 * _SECOND),
    ("grpc.max_connection_idle_ms", 900 * _SECOND),
    ("grpc.keepalive_time_ms", 60 * _SECOND),
    ("grpc.keepalive_timeout_ms", 20 * _SECOND),
    ("grpc.http2.min_ping_interval_without_data_ms", 30 * _SECOND),
    ("grpc.http2.max_ping_strikes", 2),
    ("grpc.server_handshake_timeout_ms", 10 * _SECOND),
    # Two processes on one port would share its calls without a word; the second one must fail instead.
    ("grpc.so_reuseport", 0),
)


@dataclass(frozen=True, slots=True)
class Service:
    """One service to serve: its full name in the contract, and how it is hung under a server."""

    name: str
    register: Callable[[grpc.aio.Server], None]


class ServiceServer:
    """Serves some services, health and reflection on one address until it is stopped."""

    def __init__(
        self,
        services: Sequence[Service],
        *,
        checked: Checked,
        tls: TlsSettings,
        listen: ListenSettings,
        largest_request_bytes: int,
    ) -> None:
        self._services = tuple(services)
        self._checked = checked
        self._tls = tls
        self._listen = listen
        self._options = (*_OPTIONS, ("grpc.max_receive_message_length", largest_request_bytes))
        self._server: grpc.aio.Server | None = None
        self._health: Health | None = None
        self._informing: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Begin to answer and return the port, which the system chose if the settings say 0.

        Raises:
            ConfigurationError: certificate, key or CA cannot be used, or the address is taken.

        """
        identity = load_identity(self._tls, now=datetime.now(UTC))
        self._health = Health(self._checked, self._names)
        self._server = self._build(self._health)
        port = self._bind(self._server, identity)
        await self._server.start()
        self._informing = asyncio.create_task(self._health.keep_watchers_informed())
        events.STARTED.emit(port=port, certificate_expires=identity.expires_at.isoformat())
        return port

    async def stop(self) -> None:
        """Say NOT_SERVING, take no new call, give those under way GRACE_SECONDS, and end; idempotent."""
        if self._server is None or self._health is None or self._informing is None:
            return
        server, self._server = self._server, None
        await self._health.enter_graceful_shutdown()
        self._informing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._informing
        await server.stop(GRACE_SECONDS)
        events.STOPPED.emit()

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(service.name for service in self._services)

    def _build(self, health: Health) -> grpc.aio.Server:
        server = grpc.aio.server(
            interceptors=[Boundary()], options=self._options, maximum_concurrent_rpcs=_CALLS_AT_ONCE
        )
        for service in self._services:
            service.register(server)
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
        reflection.enable_server_reflection(
            (*self._names, health_names.SERVICE_NAME, reflection.SERVICE_NAME), server
        )
        return server

    def _bind(self, server: grpc.aio.Server, identity: TlsIdentity) -> int:
        credentials = grpc.ssl_server_credentials(
            [(identity.key, identity.certificate_chain)],
            root_certificates=identity.trusted_ca,
            require_client_auth=True,
        )
        host = f"[{self._listen.host}]" if ":" in self._listen.host else self._listen.host
        address = f"{host}:{self._listen.port}"
        try:
            return server.add_secure_port(address, credentials)
        except RuntimeError:
            raise ConfigurationError(f"cannot listen on {address}: taken, or not an address here") from None
