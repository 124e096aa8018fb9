"""What every store must do for refusals that partners recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from gateway.domain import Oin, RecordedRefusal, Reference
from gateway.index.ports import IndexStore
from tests.support import facts
from tests.support.sealed import NOON, OIN_GGZ, OIN_VT, person

REVIEW = date(2026, 9, 1)


def refusal(partner: Oin = OIN_VT, name: str = "BESLUIT-1", **changes: Any) -> RecordedRefusal:
    """Return a refusal of a partner; the reference is its name."""
    values: dict[str, Any] = {
        "partner": partner,
        "reference": Reference(name),
        "subject": person("anna", 1, 2),
        "ground": "safety-of-the-person",
        "review_on": REVIEW,
        "recorded_at": NOON,
    }
    return RecordedRefusal(**values | changes)


async def record(store: IndexStore, *refusals: RecordedRefusal) -> None:
    async with store.transaction() as tx:
        for each in refusals:
            await tx.refusals.record(each)


async def find(store: IndexStore, partner: Oin = OIN_VT, name: str = "BESLUIT-1") -> RecordedRefusal | None:
    async with store.transaction() as tx:
        return await tx.refusals.find(partner, Reference(name))


async def close(store: IndexStore, at: datetime, *, partner: Oin = OIN_VT, name: str = "BESLUIT-1") -> None:
    async with store.transaction() as tx:
        await tx.refusals.close(partner, Reference(name), at)


async def standing(store: IndexStore, partner: Oin | None = None) -> list[RecordedRefusal]:
    async with store.transaction() as tx:
        return list(await tx.refusals.standing(partner=partner))


class RefusalsContract:
    """Inherited by the tests of each store."""

    async def test_a_refusal_comes_back_whole(self, store: IndexStore) -> None:
        await record(store, refusal())
        assert await find(store) == refusal()
        assert await standing(store) == [refusal()]

    async def test_a_reference_belongs_to_its_partner(self, store: IndexStore) -> None:
        other = refusal(OIN_GGZ, ground="treatment-relationship")
        await record(store, refusal(), other)
        assert await find(store, OIN_GGZ) == other
        assert await find(store) == refusal()
        assert await find(store, name="BESLUIT-2") is None
        assert await standing(store, OIN_GGZ) == [other]
        assert await standing(store, Oin("00000099100000000999")) == []

    async def test_a_refusal_under_the_same_reference_takes_the_place_of_the_first(
        self, store: IndexStore
    ) -> None:
        later = refusal(subject=person("bram"), ground="investigation", review_on=date(2027, 1, 1))
        await record(store, refusal(), later)
        assert await standing(store) == [later]

    async def test_a_closed_refusal_no_longer_stands_and_is_kept(self, store: IndexStore) -> None:
        others = [refusal(name="BESLUIT-2"), refusal(OIN_GGZ)]
        await record(store, refusal(), *others)
        await close(store, NOON)
        assert await find(store) == replace(refusal(), closed_at=NOON)
        assert await standing(store) == others

    async def test_the_first_closing_is_the_one_that_counts(self, store: IndexStore) -> None:
        await record(store, refusal())
        await close(store, NOON)
        await close(store, NOON + timedelta(days=1))
        assert await find(store) == replace(refusal(), closed_at=NOON)

    async def test_closing_what_is_not_there_does_nothing(self, store: IndexStore) -> None:
        await close(store, NOON)
        assert await find(store) is None

    async def test_a_refusal_that_is_recorded_again_stands_again(self, store: IndexStore) -> None:
        await record(store, refusal())
        await close(store, NOON)
        await record(store, refusal())
        assert await standing(store) == [refusal()]

    async def test_refusals_stand_by_review_date_partner_and_reference(self, store: IndexStore) -> None:
        """By the code points of the reference, whatever collation a database has."""
        first = refusal(OIN_GGZ, "Z-9", review_on=REVIEW - timedelta(days=1))
        rest = [
            refusal(partner, name) for partner in (OIN_VT, OIN_GGZ) for name in ("A-2", "A.1", "B_1", "a-1")
        ]
        await record(store, *reversed(rest), first)
        assert await standing(store) == [first, *rest]

    async def test_what_stands_of_a_partner_is_counted(self, store: IndexStore) -> None:
        await record(store, refusal(), refusal(name="BESLUIT-2"), refusal(OIN_GGZ))
        await close(store, NOON)
        async with store.transaction() as tx:
            assert await tx.refusals.count_standing(OIN_VT) == 1
            assert await tx.refusals.count_standing(Oin("00000099100000000999")) == 0

    async def test_a_person_that_is_not_sealed_is_never_kept(self, store: IndexStore) -> None:
        with pytest.raises(TypeError, match="sealed"):
            await record(store, refusal(subject=facts.person("anna")))
        assert await standing(store) == []
