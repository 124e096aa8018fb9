"""`grpc.health.v1.Health`: SERVING while what the services stand on answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import grpc
from grpc_health.v1 import health, health_pb2
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from gateway.errors import VerwijsindexError
from gateway.rpc import events

SECONDS_BETWEEN_CHECKS = 5.0
"""How late a watcher may hear of a change; `Check` looks for itself."""

CHECK_TIMEOUT_SECONDS = 3.0


class Checked(Protocol):
    """What the services stand on: a store with the schema this code needs, and what else they cannot do without."""

    async def check(self) -> None:
        """Return if the services can answer; raise a VerwijsindexError otherwise."""


class Health(health.aio.HealthServicer):
    """The state of the whole server (empty service name) and of each service, all as what they stand on is."""

    def __init__(self, checked: Checked, services: Sequence[str]) -> None:
        super().__init__()
        self._checked = checked
        self._services = ("", *services)
        self._one_check = asyncio.Lock()
        self._checks_done = 0

    async def Check(  # noqa: N802 - the name of the method in the contract
        self,
        request: HealthCheckRequest,
        context: grpc.aio.ServicerContext[HealthCheckRequest, HealthCheckResponse],
    ) -> HealthCheckResponse:
        """Look now, tell the watchers, and answer."""
        await self.refresh()
        return await super().Check(request, context)

    async def refresh(self) -> None:
        """Look once for everybody who waits: a crowd of checks costs the store no more than one."""
        seen = self._checks_done
        async with self._one_check:
            if self._checks_done > seen:
                return
            status = await self._state()
            self._checks_done += 1
            for service in self._services:
                await self.set(service, status)

    async def keep_watchers_informed(self) -> None:
        """Refresh for ever; the server cancels it when it stops."""
        while True:
            await self.refresh()
            await asyncio.sleep(SECONDS_BETWEEN_CHECKS)

    async def _state(self) -> Any:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
                await self._checked.check()
        except (VerwijsindexError, TimeoutError) as error:
            events.NOT_SERVING.emit(error=type(error).__name__)
            return health_pb2.HealthCheckResponse.NOT_SERVING
        return health_pb2.HealthCheckResponse.SERVING
