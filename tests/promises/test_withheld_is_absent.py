"""The promise: an answer with withheld involvements is, byte for byte, the answer without them.

What is withheld is told by the slow reference of the decision, not by the code under test; the last tests
break the promise on purpose and see the check fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings

from gateway.convenant.engine import Engine
from gateway.convenant.question import Decision, Question
from gateway.domain import Desk, HouseholdFacts, InvolvementFact, Phase
from gateway.errors import NotPermitted
from gateway.lookup import service as lookup_room
from gateway.lookup.answer import ShownInvolvement
from gateway.lookup.lines import lines_of
from gateway.rpc.answers import write_answer
from tests.convenant.reference import shown_by_table
from tests.lookup.support import request, service, store_with
from tests.support.convenants import OIN_WIJKTEAM, TODAY, convenant, facts, question, rule
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, household, involvement, person
from tests.support.worlds import World, worlds

Decide = Callable[..., Decision]

decide = Engine.decide
"""The decision as it is, also while a test breaks it."""


def check(world: World) -> None:
    """Ask the same on an index that holds everything and on one without what must be withheld."""
    shown = shown_by_table(world, TODAY)
    own = [fact for fact in world.facts.involvements if fact.partner == world.question.asker]
    without = tuple(fact for fact in world.facts.involvements if fact in shown or fact in own)
    everything = answer_bytes(world, world.facts.involvements)
    assert everything == answer_bytes(world, without)
    if not shown:
        assert everything == answer_bytes(world, ())


def answer_bytes(world: World, involvements: tuple[InvolvementFact, ...]) -> bytes:
    """Return what leaves over gRPC, the receipt aside."""
    return asyncio.run(_answer_bytes(world, involvements))


async def _answer_bytes(world: World, involvements: tuple[InvolvementFact, ...]) -> bytes:
    members = household(OIN_WIJKTEAM, "anna", "bas")
    store = await store_with(members, *involvements, *world.facts.consents)
    room = service(store, world.convenant)
    asked = world.question
    question = request(asked.asker, purpose=asked.purpose)
    professional = replace(question.professional, role=asked.role, mandate=asked.mandate)
    answer = write_answer(await room.ask(replace(question, professional=professional)))
    receipt = answer.receipt.ByteSize()
    assert receipt == 2 + 36 + 2 + 16, "every receipt has the same size"
    answer.ClearField("receipt")
    return answer.SerializeToString(deterministic=True)


def that_gets_an_answer(world: World) -> World:
    """Without terms for its kind or a convenant in force it is refused unseen; and it declares no emergency."""
    terms = dict(world.convenant.kinds)
    terms.setdefault(world.question.asker_kind, next(iter(terms.values())))
    agreement = replace(world.convenant, kinds=terms, valid_from=TODAY, valid_until=TODAY)
    return replace(world, convenant=agreement, question=replace(world.question, break_glass=False))


@settings(max_examples=200)
@given(worlds().map(that_gets_an_answer))
def test_an_answer_with_withheld_involvements_is_the_answer_without_them(world: World) -> None:
    check(world)


OWN = involvement(OIN_VT, "anna")
SHOWN = involvement(OIN_POLITIE, "bas")


@pytest.mark.parametrize(
    "withheld",
    [
        (),
        (involvement(OIN_GGZ, "anna"),),
        (involvement(OIN_GGZ, "anna", shielded=True),),
        (involvement(OIN_GGZ, "anna", phase=Phase.ENDED),),
        (involvement(OIN_POLITIE, "anna", shielded=True),),
        tuple(involvement(OIN_GGZ, "bas", reference=f"ref-{number}") for number in range(50)),
    ],
    ids=["nobody", "not permitted", "shielded", "ended", "shielded beside shown", "fifty not permitted"],
)
@pytest.mark.parametrize("others", [(), (SHOWN,)], ids=["empty answer", "one line"])
def test_nobody_not_permitted_and_shielded_give_the_same_bytes(
    withheld: tuple[InvolvementFact, ...], others: tuple[InvolvementFact, ...]
) -> None:
    world = police_only(OWN, *others)
    assert answer_bytes(world, (OWN, *withheld, *others)) == answer_bytes(world, (OWN, *others))


@pytest.mark.parametrize("day", [date(2025, 1, 1), TODAY - timedelta(days=1)])
def test_without_a_convenant_in_force_the_question_is_refused_whatever_the_index_holds(day: date) -> None:
    world = police_only(OWN, SHOWN)
    over = replace(world, convenant=replace(world.convenant, valid_from=day, valid_until=day))
    for held in ((OWN, SHOWN), (OWN,), ()):
        with pytest.raises(NotPermitted) as caught:
            answer_bytes(over, held)
        assert caught.value.reason == "NO_CONVENANT"


def police_only(*known: InvolvementFact) -> World:
    """A world in which Veilig Thuis may see the police and nobody else."""
    only = rule(sources=frozenset({"politie"}))
    return World(convenant=convenant(only), question=question(OIN_VT), facts=facts(*known))


BREAKABLE = police_only(
    OWN, SHOWN, involvement(OIN_GGZ, "anna"), involvement(OIN_POLITIE, "anna", shielded=True)
)


def show_everything(engine: Engine, asked: Question, known: HouseholdFacts, *, on: date) -> Decision:
    decision = decide(engine, asked, known, on=on)
    return replace(decision, verdicts=tuple(replace(each, shown=True) for each in decision.verdicts))


def show_shielded(engine: Engine, asked: Question, known: HouseholdFacts, *, on: date) -> Decision:
    open_facts = tuple(replace(fact, shielded=False) for fact in known.involvements)
    return decide(engine, asked, replace(known, involvements=open_facts), on=on)


def refuse_when_something_is_withheld(
    engine: Engine, asked: Question, known: HouseholdFacts, *, on: date
) -> Decision:
    decision = decide(engine, asked, known, on=on)
    if len(decision.shown) < len(decision.verdicts) - 1:
        raise NotPermitted("WITHHELD", "something is withheld")
    return decision


def test_the_check_passes_on_the_world_that_the_mutations_break() -> None:
    check(BREAKABLE)


@pytest.mark.parametrize("broken", [show_everything, show_shielded])
def test_the_check_fails_when_the_decision_shows_too_much(
    broken: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "decide", broken)
    with pytest.raises(AssertionError):
        check(BREAKABLE)


def test_the_check_fails_when_withholding_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "decide", refuse_when_something_is_withheld)
    with pytest.raises((AssertionError, NotPermitted)):
        check(BREAKABLE)


def test_the_check_fails_when_an_answer_leaves_a_gap_for_what_is_withheld(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[int] = []

    def counting(engine: Engine, asked: Question, known: HouseholdFacts, *, on: date) -> Decision:
        decision = decide(engine, asked, known, on=on)
        held.append(len(decision.verdicts) - len(decision.shown))
        return decision

    def with_gaps(*arguments: object, **named: object) -> tuple[ShownInvolvement, ...]:
        lines = lines_of(*arguments, **named)  # type: ignore[arg-type]
        gap = replace(lines[0], name="", desk=Desk(code="", name=""))
        return lines + (gap,) * held[-1]

    monkeypatch.setattr(Engine, "decide", counting)
    monkeypatch.setattr(lookup_room, "lines_of", with_gaps)
    with pytest.raises(AssertionError):
        check(BREAKABLE)


def test_the_person_asked_for_and_the_household_are_both_in_the_world_that_is_checked() -> None:
    assert {fact.subject for fact in BREAKABLE.facts.involvements} == {person("anna"), person("bas")}
