"""Declarations and the lookup together: what one lets see, for how long, and what every use leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.audit.model import AuditEvent, AuditOutcome
from gateway.convenant.question import Builtin
from gateway.domain import Declaration, Fact, Oin, ReviewOutcome
from gateway.errors import NotPermitted, StoreUnavailable
from gateway.lookup.answer import Answer
from tests.breakglass.support import OIN_GGZ, OIN_POLITIE, OIN_VT, OTHER, TERMS, Desk
from tests.lookup import support
from tests.support.convenants import GGZ, PURPOSES, break_glass, convenant, rule
from tests.support.sealed import involvement

FACTS: tuple[Fact, ...] = (
    involvement(OIN_GGZ, "anna"),
    involvement(OIN_POLITIE, "anna", shielded=True),
)


async def opened(*facts: Fact, terms: Any = TERMS) -> tuple[Desk, Any]:
    """Return a desk, and a lookup on the same store and clock, under a convenant that shows nothing by itself."""
    desk = Desk()
    await support.add(desk.store, *(facts or FACTS))
    lookup = support.service(desk.store, convenant(break_glass=terms), clock=lambda: desk.now)
    return desk, lookup


def question(made: Declaration | None = None, **changes: Any) -> Any:
    return support.request(declaration="" if made is None else made.id, **changes)


def partners(answer: Answer) -> list[Oin]:
    return [line.partner for line in answer.involvements]


async def test_a_declaration_shows_more_and_what_is_shielded_stays_hidden() -> None:
    desk, lookup = await opened()
    assert partners(await lookup.ask(question())) == []
    made = (await desk.declare()).declaration
    assert partners(await lookup.ask(question())) == [], "a declaration by itself shows nothing"
    assert partners(await lookup.ask(question(made))) == [OIN_GGZ]


async def test_the_record_of_the_question_names_the_declaration_and_the_ground() -> None:
    desk, lookup = await opened()
    made = (await desk.declare()).declaration
    answer = await lookup.ask(question(made))
    record = desk.records[-1]
    assert (record.event, record.emergency, record.record_id) == (
        AuditEvent.LOOKUP,
        made.id,
        answer.record_id,
    )
    assert {(verdict.partner, verdict.rule, verdict.basis) for verdict in record.verdicts} == {
        (OIN_GGZ, Builtin.BREAK_GLASS.value, "Noodwet 1"),
        (OIN_POLITIE, Builtin.SHIELDED.value, ""),
    }


async def test_asker_and_partner_shown_are_told_with_the_answer_and_the_use_is_counted() -> None:
    desk, lookup = await opened()
    made = (await desk.declare()).declaration
    answer = await lookup.ask(question(made))
    assert desk.told() == [("declared", OIN_VT), ("used", OIN_VT), ("used", OIN_GGZ)]
    assert [notice.references for notice in desk.notices] == [(), (), ("ref-0200-anna",)]
    [dossier] = await desk.reviews.unreviewed()
    assert [(use.record_id, use.shown) for use in dossier.uses] == [(answer.record_id, frozenset({OIN_GGZ}))]


async def test_a_use_that_showed_nothing_is_counted_too_and_told_to_the_asker_alone() -> None:
    desk, lookup = await opened(involvement(OIN_POLITIE, "anna", shielded=True))
    made = (await desk.declare()).declaration
    assert partners(await lookup.ask(question(made))) == []
    assert desk.told() == [("declared", OIN_VT), ("used", OIN_VT)]
    assert [use.shown for use in (await desk.reviews.unreviewed())[0].uses] == [frozenset()]


async def test_what_a_rule_shows_anyway_is_not_shown_by_the_emergency() -> None:
    desk, lookup = await opened(involvement(OIN_GGZ, "anna"), involvement(OIN_VT, "anna"))
    desk.store.agree(convenant(rule(sources=frozenset({GGZ})), break_glass=TERMS))
    made = (await desk.declare()).declaration
    assert partners(await lookup.ask(question(made))) == [OIN_GGZ]
    assert ("used", OIN_GGZ) not in desk.told()


async def refused(desk: Desk, lookup: Any, made: Declaration, **changes: Any) -> None:
    uses, told = desk.store.state.uses, desk.told()
    with pytest.raises(NotPermitted) as caught:
        await lookup.ask(question(made, **changes))
    assert caught.value.reason == "BREAK_GLASS_REFUSED"
    record = desk.records[-1]
    assert (record.event, record.outcome, record.reason) == (
        AuditEvent.LOOKUP,
        AuditOutcome.REFUSED,
        "BREAK_GLASS_REFUSED",
    )
    assert record.emergency == made.id
    assert (desk.store.state.uses, desk.told()) == (uses, told)


@pytest.mark.parametrize(
    "changes",
    [{"professional": OTHER}, {"who": "bas"}, {"purpose": PURPOSES[1]}, {"caller": OIN_GGZ}],
    ids=["another professional", "another person", "another purpose", "another partner"],
)
async def test_a_question_that_the_declaration_does_not_fit_is_refused_on_record(
    changes: dict[str, Any],
) -> None:
    desk, lookup = await opened()
    made = (await desk.declare()).declaration
    await refused(desk, lookup, made, **changes)


async def test_a_declaration_that_was_never_made_is_refused_on_record() -> None:
    desk, lookup = await opened()
    made = (await desk.declare()).declaration
    await refused(desk, lookup, replace(made, id="019a0000-0000-7000-8000-00000000ffff"))


async def test_it_ends_by_itself() -> None:
    desk, lookup = await opened()
    made = (await desk.declare()).declaration
    desk.now = made.expires_at - timedelta(seconds=1)
    assert partners(await lookup.ask(question(made))) == [OIN_GGZ]
    desk.now = made.expires_at
    await refused(desk, lookup, made)


async def test_a_justified_one_serves_until_it_ends_and_an_unjustified_one_is_over_at_once() -> None:
    desk, lookup = await opened()
    one, other = [(await desk.declare()).declaration for _ in range(2)]
    await desk.reviews.review(one.id, ReviewOutcome.JUSTIFIED, officer="fg-1")
    await desk.reviews.review(other.id, ReviewOutcome.UNJUSTIFIED, officer="fg-1")
    assert partners(await lookup.ask(question(one))) == [OIN_GGZ]
    await refused(desk, lookup, other)


async def test_terms_that_were_narrowed_meanwhile_count() -> None:
    desk, lookup = await opened()
    made = (await desk.declare()).declaration
    desk.store.agree(convenant(break_glass=break_glass(sources=frozenset({"politie"}))))
    assert partners(await lookup.ask(question(made))) == []


async def test_a_professional_of_the_household_cannot_use_one_either() -> None:
    desk, lookup = await opened()
    made = (await desk.declare()).declaration
    with pytest.raises(NotPermitted) as caught:
        await lookup.ask(question(made, own_case=True))
    assert caught.value.reason == "OWN_CASE"


async def test_an_answer_whose_notices_could_not_be_written_does_not_leave() -> None:
    desk, lookup = await opened()
    made = (await desk.declare()).declaration
    desk.store.refuses_commit = True
    with pytest.raises(StoreUnavailable, match="commit"):
        await lookup.ask(question(made))
    assert (desk.store.state.uses, desk.told()) == ((), [("declared", OIN_VT)])
