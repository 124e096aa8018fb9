"""The settings of the index and the terms of the lookup say the same."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway.lookup.misses import MissTerms
from gateway.lookup.quota import QuotaTerms
from gateway.settings import MissesSettings, QuotaSettings, WatchSettings
from gateway.watching.model import WatchTerms
from tests.support.facts import OIN_GGZ, OIN_VT


def test_the_defaults_are_those_of_the_rooms() -> None:
    misses, quota, watch = MissesSettings(), QuotaSettings(), WatchSettings()
    default = MissTerms().default
    assert (misses.per_hour, misses.burst) == (default.per_hour, default.burst)
    assert (quota.burst, quota.refill_per_second) == (QuotaTerms().burst, QuotaTerms().refill_per_second)
    assert (watch.factor, watch.floor) == (WatchTerms().factor, WatchTerms().floor)


def test_a_partner_has_its_own_values_and_everybodys_where_it_has_none() -> None:
    misses = MissesSettings.model_validate(
        {"per_hour": 10, "burst": 20, "partners": {OIN_VT: {"burst": 500}}}
    )
    assert (misses.of(OIN_VT).per_hour, misses.of(OIN_VT).burst) == (10, 500)
    assert (misses.of(OIN_GGZ).per_hour, misses.of(OIN_GGZ).burst) == (10, 20)


@pytest.mark.parametrize(
    "values",
    [{"per_hour": 0}, {"burst": 0}, {"partners": {"1234": {}}}, {"partners": {OIN_VT: {"burst": 0}}}],
)
def test_terms_that_let_nobody_ask_and_what_is_no_oin_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MissesSettings.model_validate(values)
