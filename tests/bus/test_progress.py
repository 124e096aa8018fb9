"""A commit counts only for what a member received since it got the partition, and never moves a group back."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from gateway.bus.ports import BusRecord, Delivery, Position
from gateway.bus.progress import Progress

P = ("t", 0)


def deliveries(*offsets: int, partition: int = 0) -> list[Delivery]:
    return [
        Delivery(
            position=Position(topic="t", partition=partition, offset=offset),
            record=BusRecord(topic="t", key=b"", value=b""),
        )
        for offset in offsets
    ]


def test_what_was_received_can_be_committed() -> None:
    progress = Progress()
    progress.assigned([P, ("t", 1)])
    progress.received(deliveries(4, 5) + deliveries(9, partition=1))
    assert progress.to_commit(deliveries(5, 4) + deliveries(9, partition=1)) == {P: 6, ("t", 1): 10}


def test_nothing_counts_for_a_partition_that_is_not_here() -> None:
    progress = Progress()
    progress.received(deliveries(4))
    assert progress.to_commit(deliveries(4)) == {}


def test_a_revoked_partition_no_longer_counts_and_the_others_do() -> None:
    progress = Progress()
    progress.assigned([P, ("t", 1)])
    progress.received(deliveries(4) + deliveries(9, partition=1))
    progress.revoked([P])
    assert progress.to_commit(deliveries(4) + deliveries(9, partition=1)) == {("t", 1): 10}


def test_what_was_received_before_a_round_trip_does_not_count_after_it() -> None:
    progress = Progress()
    progress.assigned([P])
    progress.received(deliveries(4, 5))
    progress.revoked([P])
    progress.assigned([P])
    assert progress.to_commit(deliveries(4, 5)) == {}
    # Another member has meanwhile finished 4 to 7.
    progress.received(deliveries(8))
    assert progress.to_commit(deliveries(4, 5)) == {}
    assert progress.to_commit(deliveries(8)) == {P: 9}


def test_a_member_that_left_commits_nothing() -> None:
    progress = Progress()
    progress.assigned([P])
    progress.received(deliveries(4))
    progress.forget()
    assert progress.to_commit(deliveries(4)) == {}


@given(
    st.lists(st.one_of(st.integers(1, 5), st.lists(st.integers(0, 30), max_size=4), st.none()), max_size=30)
)
def test_the_group_only_moves_forward_and_never_past_what_was_received(
    steps: Sequence[int | list[int] | None],
) -> None:
    """A number receives that many records, a list commits offsets, None loses the partition and gets it back."""
    progress = Progress()
    progress.assigned([P])
    stored, position = 0, 0
    for step in steps:
        if step is None:
            progress.revoked([P])
            progress.assigned([P])
            position = stored
        elif isinstance(step, int):
            progress.received(deliveries(*range(position, position + step)))
            position += step
        else:
            places = progress.to_commit(deliveries(*step))
            progress.committed(places)
            assert all(stored < place <= position for place in places.values())
            stored = places.get(P, stored)
