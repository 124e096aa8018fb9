"""What can go wrong when a partner asks, in one tree.

    IndexClientError
    ├── LookupRefused             the index will not answer this; asking the same again does not help
    │   ├── NotPartner            the certificate names no partner of this index
    │   ├── NotPermitted          partner switched off; role, mandate or purpose not in the convenant; own case
    │   ├── InvalidQuestion       a field breaks its rule: `violations`
    │   ├── UnknownReference      this partner recorded nothing under that reference of its own
    │   └── TooManyQuestions      over the quota: `retry_after_seconds`
    └── IndexUnavailable          no answer now, and nothing was answered; ask again later
        └── IndexDefect           the index itself failed; report it to its operator

`reason` is a stable code in capitals (google.rpc.ErrorInfo.reason, or the gRPC status where there is none).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import grpc

from verwijsindex.status import details_of
from verwijsindex.v1.index_pb2 import LookupFailure


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: `field` is the path of the field, `rule` what must hold."""

    field: str
    rule: str

    def __str__(self) -> str:
        return f"{self.field}: {self.rule}"


class IndexClientError(Exception):
    """The root of everything this client raises about the index."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class LookupRefused(IndexClientError):  # noqa: N818 - reads as what it is at every `except`
    """The index refuses the call for what the caller is or may ask."""


class NotPartner(LookupRefused):
    """The certificate of this connection names no partner of the index."""


class NotPermitted(LookupRefused):
    """The partner is switched off or has not signed, what it names is not in the convenant, or it is an own case."""


class InvalidQuestion(LookupRefused):
    """The question breaks a rule of the contract."""

    def __init__(self, message: str, *, reason: str, violations: Sequence[Violation] = ()) -> None:
        super().__init__(message, reason=reason)
        self.violations = tuple(violations)


class UnknownReference(LookupRefused):
    """This partner recorded nothing under the reference; says nothing of what others recorded."""


class TooManyQuestions(LookupRefused):
    """The partner asked more than its quota; the index advises to wait `retry_after_seconds`."""

    def __init__(self, message: str, *, reason: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message, reason=reason)
        self.retry_after_seconds = retry_after_seconds


class IndexUnavailable(IndexClientError):  # noqa: N818
    """The index gives no answer now: away, too late, or behind the asked freshness."""


class IndexDefect(IndexUnavailable):
    """The index failed on its own account, or speaks another contract than this client."""


KIND_OF: dict[grpc.StatusCode, type[IndexClientError]] = {
    grpc.StatusCode.UNAUTHENTICATED: NotPartner,
    grpc.StatusCode.PERMISSION_DENIED: NotPermitted,
    grpc.StatusCode.INVALID_ARGUMENT: InvalidQuestion,
    grpc.StatusCode.NOT_FOUND: UnknownReference,
    grpc.StatusCode.RESOURCE_EXHAUSTED: TooManyQuestions,
    grpc.StatusCode.UNAVAILABLE: IndexUnavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: IndexUnavailable,
    grpc.StatusCode.CANCELLED: IndexUnavailable,
    grpc.StatusCode.ABORTED: IndexUnavailable,
}
"""From status to error; a status that is not here is an IndexDefect."""

_CODES = {code.value[0]: code for code in grpc.StatusCode}


def error_of_call(error: grpc.aio.AioRpcError) -> IndexClientError:
    """Return the error for a call that ended with another status than OK."""
    told = details_of(error)
    return _build(
        error.code(),
        told.reason,
        error.details() or error.code().name,
        violations=[Violation(field, rule) for field, rule in told.violations],
        retry_after_seconds=told.retry_after_seconds,
    )


def error_of_failure(failure: LookupFailure) -> IndexClientError:
    """Return the error for one question of a stream: the same as a call of its own would have raised."""
    violations = [Violation(each.field, each.description) for each in failure.field_violations]
    code = _CODES.get(failure.code, grpc.StatusCode.UNKNOWN)
    return _build(code, failure.reason, failure.message, violations=violations, retry_after_seconds=None)


def _build(
    code: grpc.StatusCode,
    reason: str,
    text: str,
    *,
    violations: Sequence[Violation],
    retry_after_seconds: float | None,
) -> IndexClientError:
    kind = KIND_OF.get(code, IndexDefect)
    reason = reason or code.name
    if issubclass(kind, InvalidQuestion):
        return kind(text, reason=reason, violations=violations)
    if issubclass(kind, TooManyQuestions):
        return kind(text, reason=reason, retry_after_seconds=retry_after_seconds)
    return kind(text, reason=reason)
