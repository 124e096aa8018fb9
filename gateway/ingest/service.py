"""Take a batch of deliveries in: facts, audit records, receipts and dead letters in one transaction."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from gateway.agreement.reading import AgreementReader, identity_of
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
from gateway.errors import ConfigurationError, MessageRejected
from gateway.index.door import Door
from gateway.index.ports import IndexStore, Saved, Transaction
from gateway.index.tokens import encode_token
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
        agreement: AgreementReader,
        clock: Callable[[], datetime],
        largest_message_bytes: int,
    ) -> None:
        self._store = store
        self._door = door
        self._agreement = agreement
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
            # After the writes: a lookup that is at least as fresh sees every message of the batch, and every one
            # that was taken in before.
            position = await tx.facts.position()
            convenant = await self._convenant(tx, now)
            written = _Written(at=now, token=encode_token(position), convenant=convenant)
            outcomes = Counter[TakenIn]()
            for item, fresh in zip(checked, is_fresh, strict=True):
                if isinstance(item, _Rejected):
                    outcome = written.reject(item, is_fresh=fresh)
                else:
                    outcome = written.settle(item, next(saved) if fresh else None)
                outcomes[outcome] += 1
            await tx.audit.append([replace(each, convenant=written.convenant) for each in written.audit])
            await tx.outgoing.add(written.answers)
        events.BATCH_TAKEN_IN.emit(
            **{outcome.value: outcomes[outcome] for outcome in TakenIn}, position=position
        )
        return outcomes

    async def _convenant(self, tx: Transaction, now: datetime) -> str:
        """Return the identity of the version in force; empty where none is, and where none can be read."""
        try:
            return identity_of(await self._agreement.in_force(tx.agreements, now))
        except ConfigurationError as error:
            # Nobody is answered under such a version. What people withdraw and end is taken in all the same.
            events.CONVENANT_NOT_READ.emit(error=str(error))
            return ""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """What is written beside the facts of a batch: records for the log, and answers for the partners.

    `token` makes a lookup at least as fresh as the batch. `convenant` is the version in force, which the records name;
    empty where none is or it cannot be read.
    """

    at: datetime
    token: bytes
    convenant: str
    audit: list[AuditRecord] = field(default_factory=list)
    answers: list[BusRecord] = field(default_factory=list)

    def settle(self, message: FactMessage, saved: Saved | None) -> TakenIn:
        """Record and answer what became of a message; None: it was taken in before."""
        if saved is None:
            self._answer(message.id, ReceiptOutcome.DUPLICATE)
            return TakenIn.DUPLICATE
        superseded = saved is Saved.SUPERSEDED
        self.audit.extend(_audit_records(message, saved, self.at))
        self._answer(message.id, ReceiptOutcome.SUPERSEDED if superseded else ReceiptOutcome.ACCEPTED)
        return TakenIn.SUPERSEDED if superseded else TakenIn.APPLIED

    def _answer(self, message: MessageId, outcome: ReceiptOutcome) -> None:
        self.answers.append(receipt(message, outcome, at=self.at, consistency_token=self.token))

    def reject(self, item: _Rejected, *, is_fresh: bool) -> TakenIn:
        """Record and answer what was turned away, unless that was done before."""
        if not is_fresh:
            return TakenIn.DUPLICATE
        oin = oin_of_topic(item.delivery.record.topic)
        events.MESSAGE_REJECTED.emit(
            place=str(item.delivery.position), reason=item.error.reason.value, rules=str(item.error)
        )
        self.audit.append(
            AuditRecord(
                at=self.at,
                event=AuditEvent.REJECT,
                outcome=AuditOutcome.REJECTED,
                organisation=oin,
                reason=item.error.reason.value,
            )
        )
        self.answers.append(dead_letter(item.delivery, item.error, at=self.at, oin=oin))
        self.answers.append(
            receipt(
                _named_id(item.delivery, oin),
                ReceiptOutcome.REJECTED,
                at=self.at,
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
