"""Which commits of a group member still count, while partitions come and go (pure).

A partition can leave a member and come back. In between another member may have gone further, so a commit of
what was received before would move the group back: it is dropped. What nobody committed comes again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.bus.ports import Delivery

Partition = tuple[str, int]
"""Topic and number of the partition."""


@dataclass(slots=True)
class _Span:
    """What was received since the partition came: offsets from `first` and below `end`, done below `done`."""

    first: int
    end: int
    done: int


class Progress:
    """One member's partitions and what it received of each since it got it."""

    def __init__(self) -> None:
        self._spans: dict[Partition, _Span | None] = {}

    def assigned(self, partitions: Iterable[Partition]) -> None:
        """Begin anew with these partitions."""
        self._spans.update(dict.fromkeys(partitions))

    def revoked(self, partitions: Iterable[Partition]) -> None:
        """Forget these partitions and what was received of them."""
        for partition in partitions:
            self._spans.pop(partition, None)

    def forget(self) -> None:
        """Forget everything: the member has left."""
        self._spans.clear()

    def received(self, deliveries: Sequence[Delivery]) -> None:
        """Note what the member handed out."""
        for delivery in deliveries:
            partition, offset = _where(delivery)
            if partition not in self._spans:
                continue
            span = self._spans[partition]
            if span is None:
                self._spans[partition] = _Span(first=offset, end=offset + 1, done=offset)
            else:
                span.end = max(span.end, offset + 1)

    def next_of(self, partition: Partition) -> int | None:
        """Return the offset after the last that was handed out; None where nothing was since it came."""
        span = self._spans.get(partition)
        return None if span is None else span.end

    def to_commit(self, deliveries: Sequence[Delivery]) -> dict[Partition, int]:
        """Return for each partition the next offset of the group; leaves out what would not move it forward."""
        places: dict[Partition, int] = {}
        for delivery in deliveries:
            partition, offset = _where(delivery)
            span = self._spans.get(partition)
            if span is not None and span.first <= offset < span.end and offset >= span.done:
                places[partition] = max(places.get(partition, 0), offset + 1)
        return places

    def committed(self, places: dict[Partition, int]) -> None:
        """Note what the bus has stored."""
        for partition, place in places.items():
            span = self._spans.get(partition)
            if span is not None:
                span.done = max(span.done, place)


def _where(delivery: Delivery) -> tuple[Partition, int]:
    position = delivery.position
    return (position.topic, position.partition), position.offset
