"""When a partner is named: at once, then once a period."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.alarms import Alarms
from tests.support.facts import NOON, OIN_GGZ, OIN_VT

HOUR = timedelta(hours=1)


def test_partners_are_named_each_for_itself() -> None:
    alarms = Alarms(HOUR)
    assert alarms.is_due(OIN_VT, NOON)
    assert alarms.is_due(OIN_GGZ, NOON)
    assert not alarms.is_due(OIN_VT, NOON)


def test_a_clock_that_was_set_back_silences_nobody() -> None:
    alarms = Alarms(HOUR)
    alarms.is_due(OIN_VT, NOON + timedelta(days=365))
    assert alarms.is_due(OIN_VT, NOON)


@given(st.lists(st.integers(0, 3 * 3600), min_size=1, max_size=200).map(sorted))
def test_no_two_are_closer_than_a_period_and_none_is_left_out_for_longer(seconds: list[int]) -> None:
    alarms, named = Alarms(HOUR), list[datetime]()
    for moment in (NOON + timedelta(seconds=each) for each in seconds):
        if alarms.is_due(OIN_VT, moment):
            named.append(moment)
        else:
            assert moment - named[-1] < HOUR
    assert all(after - before >= HOUR for before, after in pairwise(named))
