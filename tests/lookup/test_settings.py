"""The settings of what a partner may ask: its own values first, and none that let nobody ask."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway.settings import MissesSettings, QuotaSettings
from tests.support.facts import OIN_GGZ, OIN_VT


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


@pytest.mark.parametrize("values", [{"per_hour": 0}, {"burst": 0}, {"refill_per_second": 50.0}])
def test_a_quota_that_lets_nobody_ask_and_what_it_has_not_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        QuotaSettings.model_validate(values)
