"""The sender: what waits in the outbox goes to the bus, in order, and leaves the outbox when it is there."""

from __future__ import annotations

from collections.abc import Sequence, Set

from adapters.kit.events import MESSAGE_NOT_TAKEN
from adapters.kit.outbox import Fate, Outbox, Waiting
from gateway.bus.ports import Publisher
from gateway.errors import InvalidInput, RejectionReason

BATCH = 200


async def send_waiting(outbox: Outbox, publisher: Publisher) -> Set[str]:
    """Publish everything in the outbox; return the ids of the messages the bus acknowledged.

    A message that is too large for the bus is set aside as refused, and the others go on.

    Raises:
        BusUnavailable: the rest stays in the outbox, whole and in order.

    """
    sent: set[str] = set()
    while messages := outbox.waiting(most=BATCH):
        try:
            await publisher.publish([message.record for message in messages])
        except InvalidInput:
            sent |= await _one_by_one(outbox, publisher, messages)
        else:
            outbox.acknowledge(messages)
            sent.update(message.message_id for message in messages)
    return sent


async def _one_by_one(outbox: Outbox, publisher: Publisher, messages: Sequence[Waiting]) -> Set[str]:
    """Set aside what the bus never takes, as refused: it must hold up nothing behind it."""
    sent: set[str] = set()
    for message in messages:
        try:
            await publisher.publish([message.record])
        except InvalidInput as error:
            outbox.acknowledge([message])
            outbox.settle(message.message_id, Fate.REFUSED, reason=RejectionReason.TOO_LARGE.value)
            MESSAGE_NOT_TAKEN.emit(message_id=message.message_id, rules=str(error))
        else:
            outbox.acknowledge([message])
            sent.add(message.message_id)
    return sent
