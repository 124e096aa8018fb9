"""What the service stands on, for its health: the store, and a key of an epoch that is current."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gateway.errors import ConfigurationError
from gateway.evaluation.ports import EvaluationKeys, EvaluationStore


class Standing:
    """Checks both."""

    def __init__(self, store: EvaluationStore, keys: EvaluationKeys, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock

    async def check(self) -> None:
        """Return if a batch could be evaluated now.

        Raises:
            StoreUnavailable: the store is away.
            ConfigurationError: the schema of the store, or the key ring, cannot be used; or no epoch is current.

        """
        await self._store.check()
        now = self._clock()
        if not any(epoch.is_current(now) for epoch in await self._keys.public()):
            raise ConfigurationError(
                "no epoch of the pseudonym key is current: make one with `verwijsindex pseudonyms init`"
            )
