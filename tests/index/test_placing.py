"""Which version counts, as a pure function of what stands and what comes."""

from __future__ import annotations

from hypothesis import given

from gateway.domain import FactMessage, MergeFact
from gateway.index.ports import Saved
from gateway.index.sql.facts import Order, key_of, place
from gateway.index.sql.keys import FactKey
from tests.index.histories import histories


def order(message: FactMessage) -> Order:
    is_last = isinstance(message.fact, MergeFact) and message.fact.undone
    return is_last, message.recorded_at, message.id.id


def key(message: FactMessage) -> FactKey:
    return key_of(message.fact)


@given(histories())
def test_of_every_fact_the_greatest_version_counts(messages: list[FactMessage]) -> None:
    _, now_counting = place(messages, {})
    assert now_counting == {
        name: max((m for m in messages if key(m) == name), key=order) for name in map(key, messages)
    }


@given(histories())
def test_what_stands_is_replaced_by_what_is_not_earlier_only(messages: list[FactMessage]) -> None:
    standing = {key(message): order(message) for message in messages[::2]}
    outcomes, now_counting = place(messages, standing)
    assert len(outcomes) == len(messages)
    assert all(order(message) >= standing.get(name, order(message)) for name, message in now_counting.items())
    for message, outcome in zip(messages, outcomes, strict=True):
        if key(message) in standing and order(message) < standing[key(message)]:
            assert outcome is Saved.SUPERSEDED


@given(histories())
def test_each_fact_is_created_once_and_one_batch_is_as_good_as_many(messages: list[FactMessage]) -> None:
    outcomes, _ = place(messages, {})
    assert outcomes.count(Saved.CREATED) == len(set(map(key, messages)))
    standing: dict[FactKey, Order] = {}
    one_by_one = []
    for message in messages:
        [outcome], counting = place([message], standing)
        one_by_one.append(outcome)
        standing |= {name: order(counted) for name, counted in counting.items()}
    assert one_by_one == outcomes
