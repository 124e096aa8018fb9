"""Every error the project raises on purpose, in one tree.

    VerwijsindexError
    ├── ConfigurationError            a setting is missing or wrong: refuse to start
    │   └── UnsafeConfigurationError  the settings are readable, but not safe together
    ├── InvalidInput                  somebody else's input: the field path and the rule, never the value
    │   ├── MessageRejected           a bus message: goes to the dead letters with its receipt
    │   └── RecordRejected            a source record: goes to the adapter's report
    ├── Refusal                       a question that is not answered, for what the asker knows of itself
    │   ├── Unauthenticated           the certificate names no partner
    │   ├── NotPermitted              partner switched off, unknown role, purpose or mandate
    │   ├── UnknownReference          the caller's own reference, under which it recorded nothing
    │   ├── EpochRefused              an epoch of the pseudonym key that is unknown, not begun, or over
    │   └── QuotaExceeded             asked too much in too short a time
    └── Unavailable                   a dependency is away: nothing is answered, nothing is lost
        ├── StoreUnavailable
        ├── BusUnavailable
        ├── PseudonymsUnavailable     the pseudonym service cannot be reached or gives no answer
        └── NotFreshEnough            the store has not caught up with the caller's consistency token

A room may refine a class that only it raises (`ProofRefused`, `MissesExhausted`): recovery and status are those of
the class here. What a loop must do with an error stands in its type, so no caller decides by reading a text.
Texts are written for the reader of a log or a terminal: they name fields and rules, and hold no value that
came in. `tests/test_errors.py` proves that every class has a recovery and a gRPC status.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Recovery(StrEnum):
    """What a loop does when it meets the error."""

    SKIP = "skip"
    """Put this one item aside (dead letter, report, refusal) and go on with the next."""
    RETRY = "retry"
    """Nothing is wrong with the item: try the same again after a pause."""
    STOP = "stop"
    """No item can succeed: end the process with one clear line."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: `path` names the field (dots and indexes), `rule` says what must hold."""

    path: str
    rule: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}"


class VerwijsindexError(Exception):
    """The root: catch it where any deliberate error of the project is meant."""

    recovery: ClassVar[Recovery] = Recovery.STOP


class ConfigurationError(VerwijsindexError):
    """A setting is missing or wrong; the text says which and what to do."""


class UnsafeConfigurationError(ConfigurationError):
    """The settings can be read, but together they are not safe; the process does not start."""


class InvalidInput(VerwijsindexError):  # noqa: N818 - reads as what it is at every raise
    """Input that breaks a rule. Carries at least one violation and never the value."""

    recovery = Recovery.SKIP

    def __init__(self, violations: Sequence[Violation] | Violation) -> None:
        self.violations: tuple[Violation, ...] = (
            (violations,) if isinstance(violations, Violation) else tuple(violations)
        )
        if not self.violations:
            raise ValueError("an InvalidInput names at least one violation")
        super().__init__("; ".join(str(violation) for violation in self.violations))

    @classmethod
    def at(cls, path: str, rule: str) -> InvalidInput:
        """Build the error for one broken rule."""
        return cls(Violation(path, rule))


class RejectionReason(StrEnum):
    """Why a bus message was rejected: stable codes for receipts, metrics and dead letters."""

    TOO_LARGE = "too-large"
    HEADERS = "headers"
    UNKNOWN_PARTNER = "unknown-partner"
    PARTNER_INACTIVE = "partner-inactive"
    ORIGIN = "origin"
    SIGNATURE = "signature"
    NOT_JSON = "not-json"
    PROFILE = "profile"
    UNKNOWN_EVENT = "unknown-event"
    IMPLAUSIBLE = "implausible"
    EPOCH = "epoch"


class MessageRejected(InvalidInput):
    """A bus message that may not enter the index; it becomes a dead letter with a receipt."""

    def __init__(self, reason: RejectionReason, violations: Sequence[Violation] | Violation) -> None:
        super().__init__(violations)
        self.reason = reason


class RecordRejected(InvalidInput):
    """A partner's source record that cannot be read or mapped; it is listed in the adapter's report."""


class Refusal(VerwijsindexError):  # noqa: N818
    """A question that gets no answer. Says only what the asker already knows of itself.

    `reason` is a stable code in capitals (google.rpc.ErrorInfo.reason).
    """

    recovery = Recovery.SKIP

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Unauthenticated(Refusal):
    """The caller's certificate names no partner of this index."""


class NotPermitted(Refusal):
    """The partner is switched off, or its role, purpose or mandate is not in the convenant."""


class UnknownReference(Refusal):
    """The caller recorded nothing under this reference of its own; says nothing of what others recorded."""


class EpochRefused(Refusal):
    """The epoch of the pseudonym key is unknown, has not begun, or is over: ask under a current one."""


class QuotaExceeded(Refusal):
    """The partner asked more than its quota; `retry_after_seconds` says when to come back."""

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__("QUOTA_EXCEEDED", message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(VerwijsindexError):  # noqa: N818
    """A dependency is away. The item is untouched: the same call may succeed later."""

    recovery = Recovery.RETRY


class StoreUnavailable(Unavailable):
    """The database cannot be reached or does not commit."""


class BusUnavailable(Unavailable):
    """The bus cannot be reached or does not acknowledge."""


class PseudonymsUnavailable(Unavailable):
    """The pseudonym service cannot be reached, or gives no answer that can be used."""


class NotFreshEnough(Unavailable):
    """The store is behind the consistency token of the request at the request's deadline."""
