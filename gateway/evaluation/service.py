"""The evaluation of a batch, in numbered steps: nothing is evaluated before its meter and record are durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.clock import hour_of
from gateway.domain import LARGEST_BATCH, Oin
from gateway.errors import InvalidInput, QuotaExceeded
from gateway.evaluation import events
from gateway.evaluation.callers import Callers
from gateway.evaluation.model import METER, EvaluatedBatch, EvaluationRequest, Usage
from gateway.evaluation.ports import EvaluationKeys, EvaluationStore
from gateway.evaluation.usage import first_hour
from gateway.metering.ports import Charge, MeterKey, MeterTerms
from gateway.pseudonyms import group
from gateway.pseudonyms.epochs import PublicEpoch
from gateway.telemetry.alarms import Alarms


class EvaluationService:
    """Evaluates for the partners it knows. Safe to call from many tasks at once."""

    def __init__(
        self,
        *,
        store: EvaluationStore,
        keys: EvaluationKeys,
        callers: Callers,
        alarms: Alarms,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._keys = keys
        self.callers = callers
        self._alarms = alarms
        self._clock = clock

    async def evaluate(self, request: EvaluationRequest) -> EvaluatedBatch:
        """Evaluate 1 to 1,000 elements for a partner, under one proof.

        Raises:
            Unauthenticated: the caller is not listed.
            InvalidInput: no element, too many, or one that is none; names its place.
            EpochRefused: the epoch is unknown, has not begun, or is over.
            QuotaExceeded: the partner asked more than its quota; nothing was evaluated.
            StoreUnavailable: the meter or the log is away; nothing was evaluated.
            ConfigurationError: the key ring cannot be used.

        """
        now = self._clock()
        # Step 1: the caller.
        terms = self.callers.terms_of(request.caller)
        # Step 2: validate. In a thread: a thousand elements take milliseconds.
        await asyncio.to_thread(_require_elements, request.blinded)
        # Step 3: the epoch.
        key = await self._keys.key(request.epoch, now)
        # Step 4: meter, counter and record. The call returns after the commit, or raises.
        record_id = await self._account(request, terms, now)
        # Step 5: evaluate, beside the event loop: the binding gives up Python's global lock.
        evaluation = await asyncio.to_thread(key.evaluate, request.blinded)
        # Step 6: answer.
        return EvaluatedBatch(elements=evaluation.elements, proof=evaluation.proof, record_id=record_id)

    async def public_keys(self, caller: Oin) -> Sequence[PublicEpoch]:
        """Return every epoch, oldest first, to a partner or the index; Unauthenticated for anybody else."""
        self.callers.require_known(caller)
        return await self._keys.public()

    async def usage(self, caller: Oin, since: datetime) -> Sequence[Usage]:
        """Return how much every partner had evaluated in each hour from that of `since` on.

        Raises:
            NotPermitted: the caller is not the index.
            InvalidInput: `since` is more than 31 days ago.
            StoreUnavailable: the store is away.

        """
        self.callers.require_index(caller)
        hour = first_hour(since, now=self._clock())
        async with self._store.transaction() as tx:
            return await tx.usage.since(hour)

    async def _account(self, request: EvaluationRequest, terms: MeterTerms, now: datetime) -> str:
        record = _record(request, AuditOutcome.DONE, now)
        charge = Charge(key=MeterKey(request.caller, METER), count=len(request.blinded), terms=terms)
        try:
            async with self._store.transaction() as tx:
                await tx.meters.charge([charge], now)
                await tx.usage.add(_usage(request, now))
                await tx.audit.append([record])
        except QuotaExceeded as refusal:
            await self._report(request, terms, refusal, now)
            raise
        return record.record_id

    async def _report(
        self, request: EvaluationRequest, terms: MeterTerms, refusal: QuotaExceeded, now: datetime
    ) -> None:
        if not self._alarms.is_due(request.caller, now):
            return
        events.QUOTA_EXHAUSTED.emit(
            organisation=request.caller,
            purpose=request.purpose.value,
            per_hour=terms.per_hour,
            burst=terms.burst,
        )
        written = False
        try:
            async with self._store.transaction() as tx:
                await tx.meters.mend({MeterKey(request.caller, METER): terms}, now)
                await tx.audit.append([_record(request, AuditOutcome.REFUSED, now, reason=refusal.reason)])
            written = True
        finally:
            if not written:
                self._alarms.forget(request.caller)


def _require_elements(blinded: Sequence[bytes]) -> None:
    if not 0 < len(blinded) <= LARGEST_BATCH:
        raise InvalidInput.at("blinded_elements", f"must be 1 to {LARGEST_BATCH:,} elements")
    for number, element in enumerate(blinded):
        try:
            group.require_element(element)
        except group.NotInGroup as error:
            raise InvalidInput.at(f"blinded_elements[{number}]", str(error)) from None


def _record(
    request: EvaluationRequest, outcome: AuditOutcome, now: datetime, *, reason: str = ""
) -> AuditRecord:
    return AuditRecord(
        at=now,
        event=AuditEvent.EVALUATION,
        outcome=outcome,
        organisation=request.caller,
        purpose=request.purpose.value,
        reason=reason,
        count=len(request.blinded),
        epoch=request.epoch,
    )


def _usage(request: EvaluationRequest, now: datetime) -> Usage:
    return Usage(
        partner=request.caller,
        hour=hour_of(now),
        epoch=request.epoch,
        purpose=request.purpose,
        evaluations=len(request.blinded),
    )
