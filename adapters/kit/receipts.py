"""What the index sends on the partner's egress topic, read through its own group: receipts, and notices to keep."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

from adapters.kit.events import MESSAGE_REFUSED, NOTICE_KEPT, NOTICE_UNREADABLE, RECEIPT_UNREADABLE
from adapters.kit.notices import NoticeBox
from adapters.kit.outbox import Fate, Outbox
from adapters.kit.report import REFUSED, Detail, Receipts
from gateway.bus.ports import Bus, Consumer, Delivery
from gateway.bus.topics import TopicKind, topic_of
from gateway.domain import Oin
from gateway.errors import MessageRejected, Violation
from gateway.messages.notices import NOTICE_TYPE, read_notice
from gateway.messages.receipts import RECEIPT_TYPE, Receipt, ReceiptOutcome, read_receipt

BATCH = 500

_FATES = {
    ReceiptOutcome.ACCEPTED: Fate.ACCEPTED,
    ReceiptOutcome.DUPLICATE: Fate.ACCEPTED,
    ReceiptOutcome.SUPERSEDED: Fate.SUPERSEDED,
    ReceiptOutcome.REJECTED: Fate.REFUSED,
}


def receipt_group(oin: Oin) -> str:
    """Return the consumer group of a partner's adapter: on Kafka its access rule names it."""
    return f"verwijsindex-adapter-{oin}"


@dataclass(slots=True, kw_only=True)
class Settled:
    """The receipts that came for the messages in `awaited`; it shrinks as they come."""

    awaited: set[str]
    receipts: Receipts = field(default_factory=Receipts)
    details: list[Detail] = field(default_factory=list)


class ReceiptReader:
    """Reads receipts and settles the messages they are for; notices that come along are kept."""

    def __init__(self, bus: Bus, outbox: Outbox, notices: NoticeBox, *, oin: Oin, kind: str) -> None:
        self._bus = bus
        self._outbox = outbox
        self._notices = notices
        self._oin = oin
        self._kind = kind

    async def collect(self, message_ids: Collection[str], *, timeout_seconds: float) -> Settled:
        """Return once each of these messages has its receipt, or the time is up.

        Receipts of messages of earlier runs that come along are settled too, and not counted.

        Raises:
            BusUnavailable: the rest of the receipts stays on the bus for the next run.

        """
        settled = Settled(awaited=set(message_ids))
        if settled.awaited and timeout_seconds > 0:
            deadline = asyncio.get_running_loop().time() + timeout_seconds
            topic = topic_of(TopicKind.EGRESS, self._oin)
            async with self._bus.consumer(group=receipt_group(self._oin), topics=[topic]) as consumer:
                while settled.awaited:
                    left = deadline - asyncio.get_running_loop().time()
                    if left <= 0:
                        break
                    await self._take(consumer, settled, timeout_seconds=left)
        settled.receipts.awaiting = len(settled.awaited)
        return settled

    async def follow(self, stop: asyncio.Event, *, pause_seconds: float) -> None:
        """Settle receipts as they come until `stop` is set; it is looked at every `pause_seconds`.

        Raises:
            BusUnavailable: call again after a pause; nothing is lost.

        """
        settled = Settled(awaited=set())
        topic = topic_of(TopicKind.EGRESS, self._oin)
        async with self._bus.consumer(group=receipt_group(self._oin), topics=[topic]) as consumer:
            while not stop.is_set():
                await self._take(consumer, settled, timeout_seconds=pause_seconds)
                settled.details.clear()

    async def catch_up(self, *, quiet_seconds: float) -> None:
        """Settle and keep what waits on the topic; return once nothing came for so long.

        Raises:
            BusUnavailable: the rest stays on the bus for the next time.

        """
        topic = topic_of(TopicKind.EGRESS, self._oin)
        async with self._bus.consumer(group=receipt_group(self._oin), topics=[topic]) as consumer:
            while await self._take(consumer, Settled(awaited=set()), timeout_seconds=quiet_seconds):
                pass

    async def _take(self, consumer: Consumer, settled: Settled, *, timeout_seconds: float) -> int:
        """Take one batch and return its size. What it says is durable before the bus forgets it."""
        deliveries = await consumer.receive(most=BATCH, timeout_seconds=timeout_seconds)
        for delivery in deliveries:
            self._take_one(delivery, settled)
        if deliveries:
            await consumer.commit(deliveries)
        return len(deliveries)

    def _take_one(self, delivery: Delivery, settled: Settled) -> None:
        """Take a receipt or a notice; pass over what is neither: a later version may send more kinds."""
        type_ = delivery.record.headers.get("ce_type", b"")
        if type_ == NOTICE_TYPE.encode("ascii"):
            self._keep(delivery)
        elif type_ == RECEIPT_TYPE.encode("ascii"):
            receipt = self._read(delivery)
            if receipt is not None:
                self._settle(receipt, settled)

    def _keep(self, delivery: Delivery) -> None:
        try:
            notice = read_notice(delivery.record)
        except MessageRejected as error:
            NOTICE_UNREADABLE.emit(kind=self._kind, place=str(delivery.position), rules=str(error))
            return
        if self._notices.keep(notice):
            NOTICE_KEPT.emit(kind=self._kind, notice=notice.event.value, declaration=notice.declaration)

    def _read(self, delivery: Delivery) -> Receipt | None:
        """Return the receipt in a delivery; None for a broken one.

        A broken one is passed over: its message stays awaiting, and the receipts behind it are not held up.
        """
        try:
            return read_receipt(delivery.record)
        except MessageRejected as error:
            RECEIPT_UNREADABLE.emit(kind=self._kind, place=str(delivery.position), rules=str(error))
            return None

    def _settle(self, receipt: Receipt, settled: Settled) -> None:
        fate = _FATES[receipt.outcome]
        reference = self._outbox.settle(receipt.message.id, fate, reason=receipt.reason)
        if reference is None:
            return
        if fate is Fate.REFUSED:
            rules = receipt.violations or (Violation("message", "was refused by the index"),)
            MESSAGE_REFUSED.emit(
                kind=self._kind,
                message_id=receipt.message.id,
                reason=receipt.reason,
                rules="; ".join(map(str, rules)),
            )
            settled.details.append(
                Detail.of(f"message {receipt.message.id}", REFUSED, rules, reference=reference)
            )
        if receipt.message.id in settled.awaited:
            settled.awaited.remove(receipt.message.id)
            # The bytes of the tokens of one index have the order of their freshness.
            token = (receipt.consistency_token or b"").hex()
            settled.receipts.consistency_token = max(settled.receipts.consistency_token, token)
            setattr(settled.receipts, fate.value, getattr(settled.receipts, fate.value) + 1)
