"""How long one batch is tried again, and with which pauses: bounded, growing, never two clients in step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import QuotaExceeded, VerwijsindexError
from gateway.pseudonyms.ports import EvaluationPurpose
from gateway.settings import PseudonymRetrySettings

GROWTH = 3.0
"""Each pause is so many times the one before it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a call gave nothing. `advised_seconds` is what the service asked for (google.rpc.RetryInfo)."""

    error: VerwijsindexError
    may_repeat: bool = False
    advised_seconds: float = 0.0


class Patience:
    """The patience with one batch: told of every failure, it says how long to pause, or to give up.

    `jitter` returns a number from 0 up to 1. Pauses while the service is away lie between half and the whole of
    their length (equal jitter), and are never shorter than the service advised.
    """

    def __init__(
        self, terms: PseudonymRetrySettings, purpose: EvaluationPurpose, *, jitter: Callable[[], float]
    ) -> None:
        self._terms = terms
        self._waits_for_quota = purpose is EvaluationPurpose.REGISTRATION
        self._jitter = jitter
        self._failures = 0
        self._waited_for_quota = 0.0

    def pause_after(self, failure: Failure) -> float | None:
        """Return the seconds to wait before the same call again; None: give up and raise the error."""
        if not failure.may_repeat:
            return None
        if isinstance(failure.error, QuotaExceeded):
            return self._pause_for_quota(failure.advised_seconds)
        return self._pause_while_away(failure.advised_seconds)

    def _pause_for_quota(self, advised: float) -> float | None:
        if not self._waits_for_quota:
            return None  # Somebody is waiting for the lookup, and hears sooner when to come back.
        # Never less than the first pause, so that advice of nothing does not turn into hammering without end.
        first = self._terms.first_pause_seconds
        pause = max(advised, first) + self._jitter() * first
        if self._waited_for_quota + pause > self._terms.quota_patience_seconds:
            return None
        self._waited_for_quota += pause
        return pause

    def _pause_while_away(self, advised: float) -> float | None:
        self._failures += 1
        longest = self._terms.longest_pause_seconds
        if self._failures >= self._terms.attempts or advised > longest:
            return None
        full = min(longest, self._terms.first_pause_seconds * GROWTH ** (self._failures - 1))
        return max(advised, full * (1 + self._jitter()) / 2)
