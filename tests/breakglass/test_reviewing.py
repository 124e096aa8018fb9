"""The officers' work: what they see of a declaration, who is told how it was judged, and what goes on record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.audit.model import AuditEvent
from gateway.audit.officers import OFFICER_ROLE
from gateway.breakglass.sealing import TextSealer
from gateway.domain import ReviewOutcome
from gateway.errors import ConfigurationError, InvalidInput
from tests.breakglass.support import NOW, OIN_GGZ, OIN_POLITIE, OIN_VT, SEALER, TEXT, Desk
from tests.support.sealed import person

ABSENT = "019a0000-0000-7000-8000-00000000ffff"


async def test_what_waits_is_listed_by_the_time_it_is_due_with_its_uses() -> None:
    desk = Desk()
    late = (await desk.declare()).declaration
    desk.now -= timedelta(days=1)
    early = (await desk.declare(caller=OIN_GGZ)).declaration
    desk.now = NOW
    use = await desk.use(late, OIN_POLITIE)
    first, second = await desk.reviews.unreviewed()
    assert (first.declaration, first.uses) == (early, ())
    assert (second.declaration, second.uses, second.shown) == (late, (use,), frozenset({OIN_POLITIE}))
    assert second.names[OIN_POLITIE] == "politie (synthetic)"


async def test_a_list_puts_nothing_on_record_and_a_reviewed_one_no_longer_waits() -> None:
    desk = Desk()
    made = (await desk.declare()).declaration
    before = len(desk.records)
    assert [each.declaration for each in await desk.reviews.since(NOW)] == [made]
    assert await desk.reviews.since(NOW + timedelta(seconds=1)) == []
    assert len(desk.records) == before
    await desk.reviews.review(made.id, ReviewOutcome.JUSTIFIED, officer="fg-1")
    assert await desk.reviews.unreviewed() == []
    assert len(await desk.reviews.since(NOW)) == 1


async def test_an_officer_reads_the_text_and_that_is_on_record_with_who_it_was() -> None:
    desk = Desk()
    made = (await desk.declare()).declaration
    dossier, text = await desk.reviews.read(made.id, officer="fg-1", sealer=SEALER)
    assert (dossier.declaration, text) == (made, TEXT)
    record = desk.records[-1]
    assert (record.event, record.emergency, record.subject) == (
        AuditEvent.LOG_ACCESS,
        made.id,
        person("anna"),
    )
    assert record.professional is not None
    assert (record.professional.id, record.professional.role) == ("fg-1", OFFICER_ROLE)


async def test_with_another_key_no_text_comes_out() -> None:
    desk = Desk()
    made = (await desk.declare()).declaration
    with pytest.raises(ConfigurationError) as caught:
        await desk.reviews.read(made.id, officer="fg-1", sealer=TextSealer(bytes(32)))
    assert "PLANTED" not in str(caught.value)


@pytest.mark.parametrize("outcome", list(ReviewOutcome))
async def test_a_review_stands_is_on_record_and_is_told_to_the_asker_and_everybody_shown(
    outcome: ReviewOutcome,
) -> None:
    desk = Desk()
    made = (await desk.declare()).declaration
    await desk.use(made, OIN_POLITIE)
    await desk.use(made, OIN_POLITIE, OIN_GGZ)
    before = len(desk.notices)
    desk.now += timedelta(days=1)
    found = await desk.reviews.review(made.id, outcome, officer="fg-1")
    standing = (await desk.standing(made)).review
    assert standing is not None
    assert (standing.outcome, standing.reviewer, standing.at) == (outcome, "fg-1", desk.now)
    assert found.declaration.review == standing
    assert desk.told()[before:] == [
        (outcome.value, OIN_VT),
        (outcome.value, OIN_GGZ),
        (outcome.value, OIN_POLITIE),
    ]
    record = desk.records[-1]
    assert (record.event, record.reason, record.emergency) == (AuditEvent.REVIEW, outcome.value, made.id)
    assert record.professional is not None
    assert record.professional.id == "fg-1"
    assert {notice.occasion for notice in desk.notices[before:]} == {record.record_id}


async def test_a_declaration_is_reviewed_once_and_for_good() -> None:
    desk = Desk()
    made = (await desk.declare()).declaration
    await desk.reviews.review(made.id, ReviewOutcome.UNJUSTIFIED, officer="fg-1")
    before = desk.store.state
    with pytest.raises(InvalidInput, match="reviewed already"):
        await desk.reviews.review(made.id, ReviewOutcome.JUSTIFIED, officer="fg-2")
    assert desk.store.state is before


@pytest.mark.parametrize("officer", ["", "Een Naam", "a" * 65, "-fg", "fg\n"])
async def test_an_officer_is_named_by_an_id_and_not_by_a_name(officer: str) -> None:
    desk = Desk()
    made = (await desk.declare()).declaration
    before = desk.store.state
    with pytest.raises(InvalidInput, match="reviewer") as caught:
        await desk.reviews.review(made.id, ReviewOutcome.JUSTIFIED, officer=officer)
    assert not officer or officer not in str(caught.value)
    with pytest.raises(InvalidInput, match="reviewer"):
        await desk.reviews.read(made.id, officer=officer, sealer=SEALER)
    assert desk.store.state is before


async def test_a_declaration_that_is_not_there_can_be_neither_read_nor_reviewed() -> None:
    desk = Desk()
    with pytest.raises(InvalidInput, match="no declaration") as caught:
        await desk.reviews.read(ABSENT, officer="fg-1", sealer=SEALER)
    assert ABSENT not in str(caught.value)
    with pytest.raises(InvalidInput, match="no declaration"):
        await desk.reviews.review(ABSENT, ReviewOutcome.JUSTIFIED, officer="fg-1")
    assert desk.records == ()
