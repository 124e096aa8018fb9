"""Topic names. Every topic belongs to one partner, so that one access rule a partner is enough."""

from __future__ import annotations

from enum import StrEnum

from gateway.domain import Oin, parse_oin
from gateway.errors import InvalidInput


class TopicKind(StrEnum):
    """What flows on a topic."""

    INGRESS = "ingress"
    """The partner's signed messages; the partner writes, the index reads."""
    EGRESS = "egress"
    """Receipts and notices; the index writes, the partner reads."""
    DEAD_LETTER = "dead-letter"
    """Messages of the partner that were rejected, whole, with the reason in the headers."""


def topic_of(kind: TopicKind, oin: Oin) -> str:
    """Return `verwijsindex.<kind>.<oin>`."""
    return f"verwijsindex.{kind.value}.{oin}"


def topics_of(oin: Oin) -> tuple[str, ...]:
    """Return every topic of a partner."""
    return tuple(topic_of(kind, oin) for kind in TopicKind)


def oin_of_topic(topic: str) -> Oin:
    """Return the partner a topic belongs to; InvalidInput at `topic` for a foreign name."""
    prefix, _, tail = topic.partition(".")
    kind, _, oin = tail.partition(".")
    if prefix != "verwijsindex" or kind not in set(TopicKind):
        raise InvalidInput.at("topic", "must be verwijsindex.<ingress|egress|dead-letter>.<oin>")
    return parse_oin(oin, path="topic")
