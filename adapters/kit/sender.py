"""The sender: what waits in the outbox goes to the bus, in order, and leaves the outbox when it is there."""

from __future__ import annotations

from collections.abc import Set

from adapters.kit.outbox import Outbox
from gateway.bus.ports import Publisher

BATCH = 200


async def send_waiting(outbox: Outbox, publisher: Publisher) -> Set[str]:
    """Publish everything in the outbox; return the ids of the messages the bus acknowledged.

    Raises:
        BusUnavailable: the rest stays in the outbox, whole and in order.

    """
    sent: set[str] = set()
    while messages := outbox.waiting(most=BATCH):
        await publisher.publish([message.record for message in messages])
        outbox.acknowledge(messages)
        sent.update(message.message_id for message in messages)
    return sent
