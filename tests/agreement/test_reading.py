"""The reader: what stands in the store, compiled once, at the right moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.agreement.model import Act, ActKind, ConvenantVersion
from gateway.agreement.reading import AgreementReader
from gateway.agreement.standing import standing
from gateway.errors import StoreUnavailable
from tests.agreement.histories import History, act, histories, moments, version
from tests.support.fake_agreements import FakeAgreements, agree
from tests.support.fake_facts import State
from tests.support.sealed import OIN_GGZ, OIN_VT

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class CountingAgreements(FakeAgreements):
    """Counts how often the versions were read; can be away."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.reads = 0
        self.is_away = False

    async def revision(self) -> int:
        if self.is_away:
            raise StoreUnavailable("no connection to the database")
        return await super().revision()

    async def versions(self) -> Sequence[ConvenantVersion]:
        self.reads += 1
        return await super().versions()


def holding(*versions: ConvenantVersion, acts: Sequence[Act] = ()) -> CountingAgreements:
    state = State(convenants=tuple(versions), acts=tuple(acts), agreed=len(versions) + len(acts))
    return CountingAgreements(state)


async def test_nothing_is_in_force_where_nothing_was_laid_down() -> None:
    assert await AgreementReader().in_force(holding(), NOON) is None


async def test_the_version_in_force_comes_with_its_parties_and_its_first_day() -> None:
    agreements = holding(version(1, OIN_VT), acts=[act(1, OIN_VT, NOON), act(1, OIN_GGZ, NOON)])
    found = await AgreementReader().in_force(agreements, NOON)
    assert found is not None
    assert found.engine.convenant.version == "1"
    assert found.parties == {OIN_VT, OIN_GGZ}
    assert found.starts == date(2026, 3, 1)


async def test_while_nothing_is_added_nothing_is_read_or_compiled_again() -> None:
    agreements = holding(version(1, OIN_VT), acts=[act(1, OIN_VT, NOON)])
    reader = AgreementReader()
    answers = [
        await reader.in_force(agreements, NOON + minutes * timedelta(minutes=1)) for minutes in range(9)
    ]
    assert agreements.reads == 1
    assert len({id(answer) for answer in answers}) == 1


async def test_a_new_signature_is_read_and_compiles_nothing_again() -> None:
    agreements = holding(version(1, OIN_VT), acts=[act(1, OIN_VT, NOON)])
    reader = AgreementReader()
    before = await reader.in_force(agreements, NOON)
    await agreements.add(act(1, OIN_GGZ, NOON))
    after = await reader.in_force(agreements, NOON)
    assert before is not None
    assert after is not None
    assert after.parties == {OIN_VT, OIN_GGZ}
    assert after.engine is before.engine


async def test_a_version_that_is_due_takes_effect_at_midnight_without_anything_being_added() -> None:
    agreements = holding(
        version(1, OIN_VT),
        version(2, OIN_VT, starts=date(2026, 3, 3)),
        acts=[act(1, OIN_VT, NOON), act(2, OIN_VT, NOON)],
    )
    reader, midnight = AgreementReader(), datetime(2026, 3, 2, 23, tzinfo=UTC)
    for at, number in ((midnight - timedelta(microseconds=1), "1"), (midnight, "2"), (NOON + 9 * DAY, "2")):
        found = await reader.in_force(agreements, at)
        assert found is not None
        assert found.engine.convenant.version == number
    assert agreements.reads == 1


async def test_a_version_ends_with_its_last_day_without_anything_being_added() -> None:
    agreements = holding(version(1, OIN_VT, valid_until=date(2026, 3, 2)), acts=[act(1, OIN_VT, NOON)])
    reader = AgreementReader()
    assert await reader.in_force(agreements, NOON) is not None
    assert await reader.in_force(agreements, NOON + DAY) is None


async def test_a_revocation_counts_at_once_where_our_clock_is_behind_the_one_that_accepted_it() -> None:
    agreements = holding(version(1, OIN_VT), acts=[act(1, OIN_VT, NOON)])
    reader = AgreementReader()
    assert await reader.in_force(agreements, NOON) is not None
    await agreements.add(act(1, OIN_VT, NOON + timedelta(seconds=5), ActKind.REVOKE))
    assert await reader.in_force(agreements, NOON) is None


async def test_while_the_store_is_away_nothing_that_was_read_before_counts() -> None:
    agreements = holding(version(1, OIN_VT), acts=[act(1, OIN_VT, NOON)])
    reader = AgreementReader()
    assert await reader.in_force(agreements, NOON) is not None
    agreements.is_away = True
    with pytest.raises(StoreUnavailable):
        await reader.in_force(agreements, NOON)


async def test_another_convenant_with_the_same_content_hash_is_compiled_for_itself() -> None:
    state = State()
    reader = AgreementReader()
    for name in ("Eerste", "Tweede"):
        agree(state, version(1, name=name).convenant, OIN_VT)
        found = await reader.in_force(FakeAgreements(state), NOON)
        assert found is not None
        assert found.engine.convenant.name == name


@given(histories(), st.lists(moments, min_size=1, max_size=8))
async def test_the_reader_says_what_stands_whatever_it_was_asked_before(
    history: History, ats: list[datetime]
) -> None:
    agreements, reader = holding(*history.versions, acts=history.acts), AgreementReader()
    latest = max(act.at for act in history.acts)
    for at in ats:
        found = await reader.in_force(agreements, at)
        expected = standing(history.versions, history.acts, max(at, latest)).in_force
        if expected is None:
            assert found is None
        else:
            assert found is not None
            assert found.engine.convenant is expected.version.convenant
            assert found.parties == expected.parties
