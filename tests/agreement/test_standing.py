"""Which version counts, when: nothing without all signatures, and never an older one again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.agreement.model import Act, ActKind, ConvenantVersion
from gateway.agreement.standing import State, boundaries, standing
from gateway.clock import TIME_ZONE
from gateway.domain import Oin
from tests.agreement.histories import (
    FIRST,
    ORGANISATIONS,
    History,
    act,
    counts_step_by_step,
    histories,
    moments,
    version,
)
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def number_in_force(history: History, at: datetime) -> str | None:
    found = standing(history.versions, history.acts, at).in_force
    return None if found is None else found.version.convenant.version


def states(versions: Sequence[ConvenantVersion], acts: Sequence[Act], at: datetime) -> list[State]:
    return [each.state for each in standing(versions, acts, at).versions]


def test_a_version_is_in_force_from_the_moment_the_last_signatory_signs() -> None:
    agreed = [version(1, OIN_VT, OIN_GGZ)]
    acts = [act(1, OIN_VT, NOON), act(1, OIN_GGZ, NOON + HOUR)]
    assert states(agreed, acts, NOON) == [State.WAITING]
    assert states(agreed, acts, NOON + HOUR - timedelta(microseconds=1)) == [State.WAITING]
    assert states(agreed, acts, NOON + HOUR) == [State.IN_FORCE]


def test_a_text_that_was_left_for_a_newer_one_is_not_brought_back_by_its_last_signature() -> None:
    agreed = [version(1, OIN_VT, OIN_POLITIE), version(2, OIN_VT)]
    acts = [act(1, OIN_VT, NOON), act(2, OIN_VT, NOON + HOUR), act(1, OIN_POLITIE, NOON + 2 * HOUR)]
    assert states(agreed, acts, NOON + 2 * HOUR) == [State.REPLACED, State.IN_FORCE]
    revoked = [*acts, act(2, OIN_VT, NOON + 3 * HOUR, ActKind.REVOKE)]
    assert states(agreed, revoked, NOON + 3 * HOUR) == [State.REPLACED, State.REVOKED]


def test_who_must_still_sign_is_named() -> None:
    [found] = standing([version(1, OIN_VT, OIN_GGZ)], [act(1, OIN_VT, NOON)], NOON).versions
    assert found.missing == {OIN_GGZ}
    assert found.parties == {OIN_VT}


def test_a_version_that_is_signed_early_starts_with_its_day_in_the_netherlands() -> None:
    agreed, acts = [version(1, OIN_VT, starts=date(2026, 7, 1))], [act(1, OIN_VT, NOON)]
    midnight = datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert states(agreed, acts, midnight - timedelta(microseconds=1)) == [State.SCHEDULED]
    assert states(agreed, acts, midnight) == [State.IN_FORCE]


def test_a_version_never_starts_before_its_first_day_of_validity() -> None:
    agreed = [version(1, OIN_VT, starts=date(2026, 3, 1), valid_from=date(2026, 3, 5))]
    assert states(agreed, [act(1, OIN_VT, NOON)], NOON) == [State.SCHEDULED]


def test_a_version_ends_with_its_last_day_in_the_netherlands() -> None:
    agreed, acts = [version(1, OIN_VT, valid_until=date(2026, 3, 2))], [act(1, OIN_VT, NOON)]
    midnight = datetime(2026, 3, 2, 23, tzinfo=UTC)
    assert states(agreed, acts, midnight - timedelta(microseconds=1)) == [State.IN_FORCE]
    assert states(agreed, acts, midnight) == [State.EXPIRED]


def test_a_version_signed_after_its_last_day_never_was_in_force() -> None:
    agreed = [version(1, OIN_VT, valid_until=date(2026, 3, 1))]
    [found] = standing(agreed, [act(1, OIN_VT, NOON)], NOON).versions
    assert (found.state, found.effect) == (State.EXPIRED, None)


def test_a_version_without_signatories_is_never_in_force() -> None:
    assert states([version(1)], [act(1, OIN_VT, NOON)], NOON) == [State.WITHOUT_SIGNATORIES]


def test_a_later_version_replaces_the_one_before() -> None:
    agreed = [version(1, OIN_VT), version(2, OIN_VT, starts=date(2026, 3, 4))]
    acts = [act(1, OIN_VT, NOON), act(2, OIN_VT, NOON)]
    assert states(agreed, acts, NOON) == [State.IN_FORCE, State.SCHEDULED]
    assert states(agreed, acts, NOON + 3 * timedelta(days=1)) == [State.REPLACED, State.IN_FORCE]


def test_a_scheduled_version_that_is_not_fully_signed_leaves_the_old_one_in_force() -> None:
    agreed = [version(1, OIN_VT), version(2, OIN_VT, OIN_GGZ, starts=date(2026, 3, 3))]
    acts = [act(1, OIN_VT, NOON), act(2, OIN_VT, NOON)]
    assert states(agreed, acts, NOON + 9 * timedelta(days=1)) == [State.IN_FORCE, State.WAITING]


def test_a_signatory_that_revokes_ends_the_version_and_no_older_one_comes_back() -> None:
    agreed = [version(1, OIN_VT), version(2, OIN_VT, OIN_GGZ)]
    acts = [
        act(1, OIN_VT, NOON),
        act(2, OIN_VT, NOON),
        act(2, OIN_GGZ, NOON),
        act(2, OIN_GGZ, NOON + HOUR, ActKind.REVOKE),
    ]
    assert states(agreed, acts, NOON) == [State.REPLACED, State.IN_FORCE]
    assert states(agreed, acts, NOON + HOUR) == [State.REPLACED, State.REVOKED]


def test_the_end_of_a_version_brings_no_older_one_back() -> None:
    agreed = [version(1, OIN_VT), version(2, OIN_VT, valid_until=date(2026, 3, 3))]
    acts = [act(1, OIN_VT, NOON), act(2, OIN_VT, NOON)]
    assert states(agreed, acts, NOON + 5 * timedelta(days=1)) == [State.REPLACED, State.EXPIRED]


def test_a_signatory_that_signs_again_puts_its_version_back_unless_it_was_replaced_meanwhile() -> None:
    agreed = [version(1, OIN_VT), version(2, OIN_GGZ)]
    acts = [
        act(1, OIN_VT, NOON),
        act(1, OIN_VT, NOON + HOUR, ActKind.REVOKE),
        act(1, OIN_VT, NOON + 2 * HOUR),
        act(2, OIN_GGZ, NOON + 3 * HOUR),
        act(1, OIN_VT, NOON + 4 * HOUR, ActKind.REVOKE),
        act(1, OIN_VT, NOON + 5 * HOUR),
    ]
    assert states(agreed, acts, NOON + HOUR)[0] is State.REVOKED
    assert states(agreed, acts, NOON + 2 * HOUR)[0] is State.IN_FORCE
    assert states(agreed, acts, NOON + 5 * HOUR) == [State.REPLACED, State.IN_FORCE]


def test_who_acceded_is_a_party_and_ends_nothing_but_its_own_part() -> None:
    agreed = [version(1, OIN_VT)]
    acts = [
        act(1, OIN_VT, NOON),
        act(1, OIN_POLITIE, NOON),
        act(1, OIN_POLITIE, NOON + HOUR, ActKind.REVOKE),
    ]
    for at, parties in ((NOON, {OIN_VT, OIN_POLITIE}), (NOON + HOUR, {OIN_VT})):
        found = standing(agreed, acts, at).in_force
        assert found is not None
        assert found.parties == parties


def test_of_two_versions_that_come_into_force_at_once_the_one_laid_down_last_counts() -> None:
    agreed = [version(1, OIN_VT, starts=date(2026, 3, 4)), version(2, OIN_VT, starts=date(2026, 3, 4))]
    acts = [act(2, OIN_VT, NOON), act(1, OIN_VT, NOON + HOUR)]
    at = datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert states(agreed, acts, at) == [State.REPLACED, State.IN_FORCE]


def test_a_signature_and_its_revocation_at_one_moment_put_nothing_in_force() -> None:
    acts = [act(1, OIN_VT, NOON), act(1, OIN_VT, NOON, ActKind.REVOKE)]
    [found] = standing([version(1, OIN_VT)], acts, NOON).versions
    assert (found.state, found.effect) == (State.REVOKED, None)


def test_a_signature_from_before_the_version_was_laid_down_is_none() -> None:
    agreed = [replace(version(1, OIN_VT), laid_down_at=NOON)]
    assert states(agreed, [act(1, OIN_VT, NOON - HOUR)], NOON) == [State.WAITING]


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_are_days_like_any_other(day: date) -> None:
    agreed = [version(1, OIN_VT, starts=day, valid_from=date.min, valid_until=date.max)]
    acts = [act(1, OIN_VT, NOON)]
    assert states(agreed, acts, NOON) == [State.IN_FORCE if day == date.min else State.SCHEDULED]
    assert datetime.combine(day, datetime.min.time(), TIME_ZONE) in boundaries(agreed, acts)


@given(histories(), moments)
def test_what_counts_is_what_living_through_the_history_gives(history: History, at: datetime) -> None:
    expected = counts_step_by_step(history, at)
    assert number_in_force(history, at) == (None if expected is None else expected.convenant.version)


@given(histories(), moments)
def test_at_most_one_version_is_in_force_and_all_its_signatories_stand_signed(
    history: History, at: datetime
) -> None:
    found = standing(history.versions, history.acts, at).versions
    current = [each for each in found if each.state is State.IN_FORCE]
    assert len(current) <= 1
    for each in current:
        signatories = each.version.convenant.signatories
        assert signatories
        assert signatories <= each.parties
        assert not signatories & each.revoked.keys()


@given(histories(), st.lists(moments, min_size=3, max_size=6).map(sorted))
def test_a_version_that_was_replaced_never_comes_back(history: History, ats: list[datetime]) -> None:
    seen = [number for at in ats if (number := number_in_force(history, at)) is not None]
    changes = [number for place, number in enumerate(seen) if place == 0 or seen[place - 1] != number]
    assert len(changes) == len(set(changes))


@given(histories(), st.integers(1, 3), st.sampled_from(ORGANISATIONS))
def test_a_revocation_puts_nothing_in_force(history: History, number: int, partner: Oin) -> None:
    at = _after(history)
    revoked = History(history.versions, (*history.acts, act(number, partner, at, ActKind.REVOKE)))
    assert number_in_force(revoked, at) in {None, number_in_force(history, at)}


@given(histories(), st.integers(1, 3), st.sampled_from(ORGANISATIONS), moments)
def test_after_a_revocation_nothing_counts_but_what_counted_at_that_moment_or_was_to_count_by_now(
    history: History, number: int, partner: Oin, at: datetime
) -> None:
    last = _after(history)
    later = max(at, last)
    revoked = History(history.versions, (*history.acts, act(number, partner, last, ActKind.REVOKE)))
    until_then = [last, *boundaries(history.versions, history.acts)]
    due = {number_in_force(history, moment) for moment in until_then if last <= moment <= later}
    assert number_in_force(revoked, later) in {None, *due}


@given(histories(), moments)
def test_a_version_that_nobody_has_signed_changes_nothing(history: History, at: datetime) -> None:
    more = History((*history.versions, version(9, *ORGANISATIONS)), history.acts)
    assert number_in_force(more, at) == number_in_force(history, at)


@given(histories(), moments)
def test_what_happened_later_changes_nothing(history: History, at: datetime) -> None:
    by_then = History(history.versions, tuple(act for act in history.acts if act.at <= at))
    assert standing(history.versions, history.acts, at) == standing(by_then.versions, by_then.acts, at)


@given(histories(), moments)
def test_between_two_boundaries_nothing_changes(history: History, at: datetime) -> None:
    passed = [moment for moment in boundaries(history.versions, history.acts) if moment <= at]
    assert passed
    assert states(history.versions, history.acts, at) == states(history.versions, history.acts, passed[-1])


def _after(history: History) -> datetime:
    """Return a moment right after the last act."""
    return max((act.at for act in history.acts), default=FIRST) + timedelta(microseconds=1)
