"""The error tree: every class says what a loop does with it and what a caller is told."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo  # type: ignore[import-untyped]

from gateway import errors
from gateway.errors import (
    ConfigurationError,
    InvalidInput,
    MessageRejected,
    NotPermitted,
    QuotaExceeded,
    RecordRejected,
    Recovery,
    Refusal,
    RejectionReason,
    StoreUnavailable,
    Unavailable,
    VerwijsindexError,
    Violation,
)
from gateway.lookup.misses import MissesExhausted
from gateway.pseudonyms.proof import ProofRefused
from gateway.rpc.status import TABLE, code_of, reason_of, row_of, status_of

SECRET = "PLANTED: db.internal:5432"


def classes_below(kind: type[VerwijsindexError]) -> Iterator[type[VerwijsindexError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from classes_below(below)


OF_THE_TREE = [kind for kind in classes_below(VerwijsindexError) if kind.__module__ == errors.__name__]


def example(kind: type[VerwijsindexError]) -> VerwijsindexError:
    violation = Violation("field", "must hold")
    if issubclass(kind, MessageRejected):
        return kind(RejectionReason.PROFILE, violation)
    if issubclass(kind, InvalidInput):
        return kind(violation)
    if issubclass(kind, QuotaExceeded):
        return kind("too much", retry_after_seconds=3)
    if issubclass(kind, Refusal):
        return kind("A_REASON", "a text")
    return kind(SECRET)


def test_what_a_room_refines_keeps_recovery_and_status_of_its_class() -> None:
    """Loops and callers know the classes of the tree; a room's own must mean the same to them."""
    refined = [kind for kind in classes_below(VerwijsindexError) if kind not in OF_THE_TREE]
    for kind in refined:
        known = next(each for each in kind.__mro__ if each in OF_THE_TREE)
        assert kind.recovery is known.recovery, kind
    assert {ProofRefused, MissesExhausted} <= set(refined)


@pytest.mark.parametrize("kind", OF_THE_TREE)
def test_every_class_has_its_own_row_in_the_status_table(kind: type[VerwijsindexError]) -> None:
    assert kind in TABLE
    assert TABLE[kind].code is not grpc.StatusCode.OK


@pytest.mark.parametrize("kind", OF_THE_TREE)
def test_every_class_has_a_recovery(kind: type[VerwijsindexError]) -> None:
    assert isinstance(kind.recovery, Recovery)


def test_the_table_holds_nothing_but_the_tree() -> None:
    assert set(TABLE) == set(OF_THE_TREE)


@pytest.mark.parametrize("kind", OF_THE_TREE)
def test_every_class_is_drawn_in_the_module_docstring(kind: type[VerwijsindexError]) -> None:
    assert re.search(rf"\b{kind.__name__}\b", inspect.getdoc(errors) or "")


@pytest.mark.parametrize("kind", OF_THE_TREE)
def test_every_status_carries_a_reason_in_capitals_and_the_domain(kind: type[VerwijsindexError]) -> None:
    status = status_of(example(kind))
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "verwijsindex"
    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", info.reason)
    assert code_of(status) is TABLE[kind].code


@pytest.mark.parametrize(
    "kind", [kind for kind in OF_THE_TREE if not issubclass(kind, InvalidInput | Refusal)]
)
def test_texts_for_operators_do_not_reach_a_caller(kind: type[VerwijsindexError]) -> None:
    assert SECRET not in str(status_of(example(kind)))


def test_recovery_and_status_agree_on_what_may_be_tried_again() -> None:
    for kind in OF_THE_TREE:
        retry = RetryInfo()
        advised = any(detail.Unpack(retry) for detail in status_of(example(kind)).details)
        assert advised == (kind.recovery is Recovery.RETRY or issubclass(kind, QuotaExceeded))
        assert (TABLE[kind].code is grpc.StatusCode.UNAVAILABLE) == (kind.recovery is Recovery.RETRY)


def test_a_class_outside_the_tree_is_treated_as_its_nearest_base() -> None:
    class MirrorUnavailable(StoreUnavailable):
        """A store of a third party that is away."""

    assert row_of(MirrorUnavailable(SECRET)) is TABLE[StoreUnavailable]


def test_a_refusal_says_its_own_reason_and_text() -> None:
    status = status_of(NotPermitted("UNKNOWN_ROLE", "no such role"))
    assert code_of(status) is grpc.StatusCode.PERMISSION_DENIED
    assert reason_of(status) == "UNKNOWN_ROLE"
    assert status.message == "no such role"


def test_violations_are_told_field_by_field() -> None:
    error = InvalidInput([Violation("a.b", "must be c"), Violation("d", "must be e")])
    found = BadRequest()
    assert status_of(error).details[1].Unpack(found)
    assert [(each.field, each.description) for each in found.field_violations] == [
        ("a.b", "must be c"),
        ("d", "must be e"),
    ]


def test_an_invalid_input_without_a_violation_cannot_be_made() -> None:
    for kind in (InvalidInput, RecordRejected):
        with pytest.raises(ValueError, match="at least one violation"):
            kind(())


def test_the_recoveries_of_the_branches() -> None:
    assert ConfigurationError.recovery is Recovery.STOP
    assert InvalidInput.recovery is Refusal.recovery is Recovery.SKIP
    assert Unavailable.recovery is Recovery.RETRY
