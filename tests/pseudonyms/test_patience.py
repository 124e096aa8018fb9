"""How long a batch is tried again: bounded whatever the service says, and never sooner than it asks."""

from __future__ import annotations

from itertools import cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import NotPermitted, PseudonymsUnavailable, QuotaExceeded
from gateway.pseudonyms.patience import Failure, Patience
from gateway.pseudonyms.ports import EvaluationPurpose
from gateway.settings import PseudonymRetrySettings

REGISTRATION, LOOKUP = EvaluationPurpose.REGISTRATION, EvaluationPurpose.LOOKUP
TERMS = PseudonymRetrySettings(
    attempts=5, first_pause_seconds=0.5, longest_pause_seconds=4, quota_patience_seconds=60
)

seconds = st.floats(min_value=0, max_value=1000)
jitters = st.floats(min_value=0, max_value=1, exclude_max=True)


def away(advised: float = 0.0) -> Failure:
    return Failure(PseudonymsUnavailable("away"), may_repeat=True, advised_seconds=advised)


def over_quota(advised: float) -> Failure:
    error = QuotaExceeded("used up", retry_after_seconds=advised)
    return Failure(error, may_repeat=True, advised_seconds=advised)


def patience(purpose: EvaluationPurpose = LOOKUP, *, jitter: float = 0.0) -> Patience:
    return Patience(TERMS, purpose, jitter=lambda: jitter)


def test_pauses_grow_to_the_longest_and_end_before_the_last_attempt() -> None:
    tried = patience(jitter=1.0)
    assert [tried.pause_after(away()) for _ in range(5)] == [0.5, 1.5, 4, 4, None]


def test_jitter_takes_up_to_half_of_a_pause_away() -> None:
    assert patience(jitter=0.0).pause_after(away()) == 0.25


def test_a_refusal_is_never_repeated() -> None:
    assert patience().pause_after(Failure(NotPermitted("NOT_LISTED", "no"))) is None


def test_a_service_that_asks_for_a_longer_pause_than_the_longest_is_not_waited_for() -> None:
    assert patience().pause_after(away(4.0)) == 4.0
    assert patience().pause_after(away(4.1)) is None


@pytest.mark.parametrize("advised", [0.0, 3.0, 18.0])
def test_a_registration_waits_for_its_quota_and_a_lookup_never_does(advised: float) -> None:
    assert patience(REGISTRATION).pause_after(over_quota(advised)) == max(advised, TERMS.first_pause_seconds)
    assert patience(LOOKUP).pause_after(over_quota(advised)) is None


def test_waiting_for_the_quota_takes_no_attempts_away() -> None:
    tried = patience(REGISTRATION)
    assert [tried.pause_after(over_quota(5)) for _ in range(8)] == [5.0] * 8
    assert tried.pause_after(away()) == 0.25


@given(
    st.lists(st.tuples(st.booleans(), seconds, jitters), min_size=1, max_size=12),
    st.sampled_from(EvaluationPurpose),
)
def test_whatever_the_service_answers_a_batch_comes_to_an_end(
    answers: list[tuple[bool, float, float]], purpose: EvaluationPurpose
) -> None:
    jitter = cycle([each for _, _, each in answers])
    tried = Patience(TERMS, purpose, jitter=lambda: next(jitter))
    pauses: list[float] = []
    for is_quota, advised, _ in islice(cycle(answers), 200):
        pause = tried.pause_after(over_quota(advised) if is_quota else away(advised))
        if pause is None:
            break
        assert pause >= advised
        pauses.append(pause)
    else:
        pytest.fail("it never gave up")
    assert sum(pauses) <= TERMS.quota_patience_seconds + TERMS.attempts * TERMS.longest_pause_seconds
