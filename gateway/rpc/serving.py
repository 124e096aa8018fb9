"""A gRPC server for any of the project's services, bounded in what it takes; between machines only with mutual TLS."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import grpc
from google.protobuf.descriptor import FileDescriptor
from grpc_health.v1 import health as health_names
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from gateway.clock import now
from gateway.errors import ConfigurationError
from gateway.identities.certificates import TlsIdentity, load_identity
from gateway.rpc import events
from gateway.rpc.boundary import Boundary
from gateway.rpc.health import Checked, Health
from gateway.settings import ListenSettings, TlsSettings

_LARGEST_METADATA_BYTES = 8 * 1024
_CALLS_AT_ONCE_A_CONNECTION = 100
_SECOND = 1000

_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_metadata_size", _LARGEST_METADATA_BYTES),
    # Two processes on one port would share its calls without a word; the second one must fail instead.
    ("grpc.so_reuseport", 0),
)
_OPTIONS_BETWEEN_MACHINES: tuple[tuple[str, int], ...] = (
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
)

Place = TypeVar("Place")
"""Where a server listens, in the words of what lets it listen: a port, an address."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service to serve: its full name in the contract, and how it is hung under a server."""

    name: str
    register: Callable[[grpc.aio.Server], None]

    @classmethod
    def of(cls, contract: FileDescriptor, name: str, register: Callable[[grpc.aio.Server], None]) -> Service:
        """Return the service that the file of the contract declares under this short name."""
        return cls(contract.services_by_name[name].full_name, register)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server takes, and how long calls under way may go on after a stop.

    The grace is longer than the recommended deadline of a lookup. `options` are further ones of gRPC's.
    """

    largest_request_bytes: int
    calls_at_once: int = 1000
    grace_seconds: float = 10.0
    options: tuple[tuple[str, int], ...] = ()


class ServiceServer(Generic[Place]):
    """Serves some services, health and reflection, where `bind` lets it listen, until it is stopped."""

    def __init__(
        self,
        services: Sequence[Service],
        *,
        checked: Checked,
        bind: Callable[[grpc.aio.Server], Place],
        limits: Limits,
    ) -> None:
        self._services = tuple(services)
        self._checked = checked
        self._bind = bind
        self._limits = limits
        self._server: grpc.aio.Server | None = None
        self._health: Health | None = None
        self._informing: asyncio.Task[None] | None = None

    async def start(self) -> Place:
        """Begin to answer and return where; what `bind` raises comes out."""
        self._health = Health(self._checked, self._names)
        self._server = self._build(self._health)
        place = self._bind(self._server)
        await self._server.start()
        self._informing = asyncio.create_task(self._health.keep_watchers_informed())
        return place

    async def stop(self) -> bool:
        """Say NOT_SERVING, take no new call, give those under way their grace, and end; idempotent.

        Return whether there was something to stop.
        """
        if self._server is None or self._health is None or self._informing is None:
            return False
        server, self._server = self._server, None
        await self._health.enter_graceful_shutdown()
        self._informing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._informing
        await server.stop(self._limits.grace_seconds)
        return True

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(service.name for service in self._services)

    def _build(self, health: Health) -> grpc.aio.Server:
        largest = ("grpc.max_receive_message_length", self._limits.largest_request_bytes)
        server = grpc.aio.server(
            interceptors=[Boundary()],
            options=(*_OPTIONS, *self._limits.options, largest),
            maximum_concurrent_rpcs=self._limits.calls_at_once,
        )
        for service in self._services:
            service.register(server)
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
        reflection.enable_server_reflection(
            (*self._names, health_names.SERVICE_NAME, reflection.SERVICE_NAME), server
        )
        return server


class TlsServer:
    """Serves other organisations: mutual TLS on one port, and nothing else."""

    def __init__(
        self,
        services: Sequence[Service],
        *,
        checked: Checked,
        tls: TlsSettings,
        listen: ListenSettings,
        largest_request_bytes: int,
    ) -> None:
        self._server = ServiceServer(
            services,
            checked=checked,
            bind=lambda server: _listen_with_tls(server, tls, listen),
            limits=Limits(largest_request_bytes, options=_OPTIONS_BETWEEN_MACHINES),
        )

    async def start(self) -> int:
        """Begin to answer and return the port, which the system chose if the settings say 0.

        Raises:
            ConfigurationError: certificate, key or CA cannot be used, or the address is taken.

        """
        port, identity = await self._server.start()
        events.STARTED.emit(port=port, certificate_expires=identity.expires_at.isoformat())
        return port

    async def stop(self) -> None:
        """Say NOT_SERVING, take no new call, give those under way their grace, and end; idempotent."""
        if await self._server.stop():
            events.STOPPED.emit()


def _listen_with_tls(
    server: grpc.aio.Server, tls: TlsSettings, listen: ListenSettings
) -> tuple[int, TlsIdentity]:
    identity = load_identity(tls, now=now())
    credentials = grpc.ssl_server_credentials(
        [(identity.key, identity.certificate_chain)],
        root_certificates=identity.trusted_ca,
        require_client_auth=True,
    )
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    address = f"{host}:{listen.port}"
    try:
        return server.add_secure_port(address, credentials), identity
    except RuntimeError:
        raise ConfigurationError(f"cannot listen on {address}: taken, or not an address here") from None
