"""Take a batch of deliveries in: facts, audit records, receipts and dead letters in one transaction."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.bus.ports import BusRecord, Delivery
from gateway.bus.topics import oin_of_topic
from gateway.domain import (
    ConsentFact,
    FactMessage,
    HouseholdFact,
    InvolvementFact,
    MergeFact,
    MessageId,
    Oin,
    Partner,
    Phase,
    Subject,
)
from gateway.errors import MessageRejected
from gateway.index.door import Door
from gateway.index.ports import IndexStore, Saved, Transaction
from gateway.ingest import events
from gateway.ingest.checking import check
from gateway.messages.dead_letters import dead_letter
from gateway.messages.receipts import ReceiptOutcome, receipt


class TakenIn(StrEnum):
    """What became of one delivery."""

    APPLIED = "applied"
    SUPERSEDED = "superseded"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class _Rejected:
    delivery: Delivery
    error: MessageRejected

    @property
    def claim(self) -> MessageId:
        """A claim of its own: the message's own id cannot be trusted, and a redelivery must not double it."""
        digest = hashlib.sha256(self.delivery.record.value).hexdigest()[:16]
        return MessageId(oin_of_topic(self.delivery.record.topic), f"{self.delivery.position}#{digest}")


_Checked = FactMessage | _Rejected


class IngestService:
    """Writes what partners send. Nothing of a batch counts before all of it is durable.

    Exactly once in effect: a delivery that comes again finds its id claimed and changes nothing.
    """

    def __init__(
        self,
        *,
        store: IndexStore,
        door: Door,
        clock: Callable[[], datetime],
        largest_message_bytes: int,
    ) -> None:
        self._store = store
        self._door = door
        self._clock = clock
        self._largest = largest_message_bytes

    async def take_in(self, deliveries: Sequence[Delivery]) -> Counter[TakenIn]:
        """Check and write the deliveries in their order; return how many became what.

        Raises:
            StoreUnavailable: nothing was written; the same deliveries may be given again.

        """
        now = self._clock()
        async with self._store.transaction() as tx:
            checked = await self._check_all(tx, deliveries, now)
            is_fresh = _first_of_each(checked, await tx.facts.claim([_claim_of(item) for item in checked]))
            new = [
                item
                for item, fresh in zip(checked, is_fresh, strict=True)
                if fresh and isinstance(item, FactMessage)
            ]
            saved = iter(await tx.facts.save_all(new))
            outcomes = Counter[TakenIn]()
            audit: list[AuditRecord] = []
            answers: list[BusRecord] = []
            for item, fresh in zip(checked, is_fresh, strict=True):
                if isinstance(item, _Rejected):
                    outcome = self._reject(item, now, audit, answers, is_fresh=fresh)
                else:
                    outcome = self._settle(item, next(saved) if fresh else None, now, audit, answers)
                outcomes[outcome] += 1
            await tx.audit.append(audit)
            await tx.outgoing.add(answers)
            position = await tx.facts.position()
        events.BATCH_TAKEN_IN.emit(
            **{outcome.value: outcomes[outcome] for outcome in TakenIn}, position=position
        )
        return outcomes

    async def _check_all(
        self, tx: Transaction, deliveries: Sequence[Delivery], now: datetime
    ) -> list[_Checked]:
        partners: dict[Oin, Partner | None] = {}
        checked: list[_Checked] = []
        for delivery in deliveries:
            oin = oin_of_topic(delivery.record.topic)
            if oin not in partners:
                partners[oin] = await tx.partners.find(oin)
            try:
                message = check(delivery, partners[oin], now=now, largest_bytes=self._largest)
                checked.append(self._door.admit_message(message))
            except MessageRejected as error:
                checked.append(_Rejected(delivery, error))
        return checked

    def _settle(
        self,
        message: FactMessage,
        saved: Saved | None,
        now: datetime,
        audit: list[AuditRecord],
        answers: list[BusRecord],
    ) -> TakenIn:
        """Record and answer what became of a message; None: it was taken in before."""
        if saved is None:
            answers.append(receipt(message.id, ReceiptOutcome.DUPLICATE, at=now))
            return TakenIn.DUPLICATE
        superseded = saved is Saved.SUPERSEDED
        audit.extend(_audit_records(message, saved, now))
        answers.append(
            receipt(message.id, ReceiptOutcome.SUPERSEDED if superseded else ReceiptOutcome.ACCEPTED, at=now)
        )
        return TakenIn.SUPERSEDED if superseded else TakenIn.APPLIED

    def _reject(
        self,
        item: _Rejected,
        now: datetime,
        audit: list[AuditRecord],
        answers: list[BusRecord],
        *,
        is_fresh: bool,
    ) -> TakenIn:
        if not is_fresh:
            return TakenIn.DUPLICATE
        oin = oin_of_topic(item.delivery.record.topic)
        events.MESSAGE_REJECTED.emit(
            place=str(item.delivery.position), reason=item.error.reason.value, rules=str(item.error)
        )
        audit.append(
            AuditRecord(
                at=now,
                event=AuditEvent.REJECT,
                outcome=AuditOutcome.REJECTED,
                organisation=oin,
                reason=item.error.reason.value,
            )
        )
        answers.append(dead_letter(item.delivery, item.error, at=now, oin=oin))
        answers.append(
            receipt(
                _named_id(item.delivery, oin),
                ReceiptOutcome.REJECTED,
                at=now,
                error=item.error,
                position=item.delivery.position,
            )
        )
        return TakenIn.REJECTED


def _first_of_each(checked: Sequence[_Checked], claimed: Set[MessageId]) -> list[bool]:
    """Tell which items to take in: claimed now, and the first of its id in this batch."""
    left = set(claimed)
    result = []
    for item in checked:
        result.append(_claim_of(item) in left)
        left.discard(_claim_of(item))
    return result


def _claim_of(item: _Checked) -> MessageId:
    return item.claim if isinstance(item, _Rejected) else item.id


def _named_id(delivery: Delivery, oin: Oin) -> MessageId:
    """Return the id the sender put in the header, so that it can match the receipt; may be empty or wrong."""
    header = delivery.record.headers.get("ce_id", b"")[:64].decode("ascii", "replace")
    return MessageId(oin, header)


def _audit_records(message: FactMessage, saved: Saved, now: datetime) -> list[AuditRecord]:
    """One record for every person the fact is about (NEN 7513 logs by client)."""
    outcome = AuditOutcome.SUPERSEDED if saved is Saved.SUPERSEDED else AuditOutcome.DONE
    return [
        AuditRecord(
            at=now,
            event=_audit_event(message, saved),
            outcome=outcome,
            organisation=message.fact.partner,
            subject=subject,
            message=message.id,
        )
        for subject in _subjects(message)
    ]


def _subjects(message: FactMessage) -> list[Subject | None]:
    match message.fact:
        case HouseholdFact(members=()):
            return [None]
        case HouseholdFact(members=members):
            return [member.subject for member in members]
        case MergeFact(old=old, new=new):
            return [old, new]
        case InvolvementFact(subject=subject) | ConsentFact(subject=subject):
            return [subject]


def _audit_event(message: FactMessage, saved: Saved) -> AuditEvent:
    match message.fact:
        case HouseholdFact():
            return AuditEvent.HOUSEHOLD
        case ConsentFact():
            return AuditEvent.CONSENT
        case MergeFact(undone=undone):
            return AuditEvent.UNMERGE if undone else AuditEvent.MERGE
        case InvolvementFact(phase=Phase.ENDED):
            return AuditEvent.END
        case InvolvementFact(phase=Phase.RETRACTED):
            return AuditEvent.RETRACT
        case InvolvementFact():
            return AuditEvent.CREATE if saved is Saved.CREATED else AuditEvent.UPDATE
