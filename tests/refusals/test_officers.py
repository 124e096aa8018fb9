"""What the officers see: every refusal that stands, in words, and that they looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.agreement.reading import AgreementReader
from gateway.audit.model import AuditEvent
from gateway.audit.officers import officer_named
from gateway.errors import StoreUnavailable
from gateway.refusals.officers import Standing, standing_on_record
from tests.lookup.support import NOW, PARTNERS
from tests.refusals.support import CONVENANT, GROUND, REVIEW, acting, last_record, room, to_record
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import OIN_GGZ, OIN_VT

OFFICER = officer_named("functionaris-1")


@pytest.fixture
def store() -> FakeIndexStore:
    return FakeIndexStore(*PARTNERS)


async def look(store: FakeIndexStore) -> Sequence[Standing]:
    async with store.transaction() as tx:
        return await standing_on_record(tx, AgreementReader(), at=NOW, reader=OFFICER)


async def test_officers_see_every_refusal_that_stands_by_review_date(store: FakeIndexStore) -> None:
    service = room(store)
    await service.record(acting(), to_record("B-1"))
    await service.record(acting(OIN_GGZ), to_record("A-1", review_on=REVIEW - timedelta(days=1)))
    await service.record(acting(), to_record("A-2"))
    await service.close(acting(), to_record("A-2").reference)
    seen = [(each.partner, each.refusal.reference, each.ground) for each in await look(store)]
    assert seen == [
        ("ggz (synthetic)", "A-1", "Veiligheid van de persoon"),
        ("veilig_thuis (synthetic)", "B-1", "Veiligheid van de persoon"),
    ]


async def test_that_they_looked_is_on_record_also_where_there_was_nothing(store: FakeIndexStore) -> None:
    assert await look(store) == []
    assert (last_record(store).event, last_record(store).reason) == (AuditEvent.LOG_ACCESS, "refusals-listed")
    assert last_record(store).professional == OFFICER
    store.refuses_commit = True
    with pytest.raises(StoreUnavailable):
        await look(store)


async def test_a_ground_or_partner_that_is_gone_is_told_by_its_code(store: FakeIndexStore) -> None:
    await room(store).record(acting(), to_record())
    store.agree(replace(CONVENANT, refusal_grounds={}, content_hash="1" * 64))
    del store.state.partners[OIN_VT]
    [seen] = await look(store)
    assert (seen.partner, seen.ground) == (OIN_VT, GROUND)


@pytest.mark.parametrize(
    ("day", "is_overdue"),
    [(REVIEW - timedelta(days=1), False), (REVIEW, True), (date(2027, 1, 1), True)],
    ids=str,
)
async def test_a_refusal_is_over_time_from_its_review_date_until_it_is_closed(
    store: FakeIndexStore, day: date, is_overdue: bool
) -> None:
    service = room(store)
    await service.record(acting(), to_record())
    [seen] = await look(store)
    assert seen.refusal.is_overdue(day) is is_overdue
    await service.close(acting(), to_record().reference)
    [closed] = store.state.refusals.values()
    assert not closed.is_overdue(day)
