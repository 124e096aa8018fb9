"""The key ring of a running service: read again when the custodian has changed it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.errors import ConfigurationError, EpochRefused
from gateway.evaluation import events
from gateway.evaluation.ports import EvaluationKeys
from gateway.pseudonyms.epochs import EpochState, PublicEpoch
from gateway.pseudonyms.keyring import KeyRing
from gateway.pseudonyms.ports import EvaluationKey

_REFUSED = {
    EpochState.ANNOUNCED: ("EPOCH_NOT_BEGUN", "the epoch is announced and has not begun"),
    EpochState.ENDED: ("EPOCH_ENDED", "the epoch is over"),
}


class RingKeys(EvaluationKeys):
    """Keys from the custodian's folder. A ring that cannot be read any more is not used: no old key goes on."""

    def __init__(self, ring: KeyRing, *, reopen: Callable[[], KeyRing]) -> None:
        self._ring = ring
        self._reopen = reopen
        self._one_reading = asyncio.Lock()
        self._is_refused = False

    async def key(self, epoch: int, now: datetime) -> EvaluationKey:
        """Return the key of an epoch that is current; EpochRefused for any other."""
        ring = await self._fresh()
        found = next((each for each in ring.public_keys() if each.epoch == epoch), None)
        if found is None:
            raise EpochRefused("EPOCH_UNKNOWN", "there is no such epoch")
        state = found.state(now)
        if state in _REFUSED:
            raise EpochRefused(*_REFUSED[state])
        return next(key for key in ring.current(now) if key.epoch == epoch)

    async def public(self) -> Sequence[PublicEpoch]:
        """Return every epoch, oldest first."""
        return (await self._fresh()).public_keys()

    async def _fresh(self) -> KeyRing:
        async with self._one_reading:
            if self._ring.is_stale():
                await self._read()
        return self._ring

    async def _read(self) -> None:
        try:
            # In a thread: it reads files, and derives a key for each epoch.
            self._ring = await asyncio.to_thread(self._reopen)
        except ConfigurationError as error:
            # Said once: the ring is tried again at every call until it is put right.
            if not self._is_refused:
                events.KEYS_REFUSED.emit(error=type(error).__name__)
            self._is_refused = True
            raise
        self._is_refused = False
        events.KEYS_LOADED.emit(epochs=len(self._ring.public_keys()))
