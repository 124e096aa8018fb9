"""The consents room, in numbered steps: a statement, its record and its place in the index are one commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from gateway.agreement.admission import Admitted, admit
from gateway.agreement.reading import AgreementReader, InForce, identity_of
from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.clock import day_of
from gateway.consents.checking import check_recorder, check_statement
from gateway.consents.model import OwnConsents, OwnQuestion, Statement, Withdrawal, Written
from gateway.consents.ordering import moments_of
from gateway.consents.repeating import digest_of, digest_of_withdrawal, is_first, record_id_of
from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Event,
    FactMessage,
    MessageId,
    Oin,
    Partner,
    Professional,
    Subject,
)
from gateway.errors import InvalidInput, QuotaExceeded, Refusal, StoreUnavailable, UnknownReference
from gateway.index.ports import IndexStore, Saved, Transaction
from gateway.metering.bounds import CallBounds
from gateway.metering.bucket import is_beyond
from gateway.metering.ports import QUESTIONS, MeterKey
from gateway.metering.tally import Tally

_EVENTS = {
    ConsentEffect.PERMIT: Event.CONSENT_GIVEN,
    ConsentEffect.OBJECT: Event.CONSENT_OBJECTED,
    ConsentEffect.WITHDRAWN: Event.CONSENT_WITHDRAWN,
}

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """Who calls about whom, for the log. A withdrawal knows its person once it found the statement."""

    caller: Oin
    professional: Professional
    event: AuditEvent
    subject: Subject | None = None
    message: MessageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """When a call is handled, whose it is, and what is known of that: no partner, or no convenant in force."""

    at: datetime
    call: _Call
    caller: Partner | None
    agreement: InForce | None

    def record(
        self, outcome: AuditOutcome, *, reason: str = "", subject: Subject | None = None
    ) -> AuditRecord:
        """Return the audit record of the call; a withdrawal finds its person on the way."""
        call, agreement = self.call, self.agreement
        return AuditRecord(
            at=self.at,
            event=call.event,
            outcome=outcome,
            organisation=call.caller,
            kind=None if self.caller is None else self.caller.kind,
            professional=call.professional,
            subject=subject or call.subject,
            convenant=identity_of(agreement),
            message=call.message,
            reason=reason,
        )


_Work = Callable[[Transaction, _Setting, Admitted], Awaitable[_Result]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A version to write, and what tells its call from every other one."""

    message: MessageId
    fact: ConsentFact
    digest: str


class ConsentRoom:
    """Records what persons said about showing involvements. Safe to call from many tasks at once.

    What it answers is durable: every lookup that begins after the answer, on whichever process, decides by it.
    """

    def __init__(
        self,
        *,
        store: IndexStore,
        agreement: AgreementReader,
        clock: Callable[[], datetime],
        bounds: CallBounds,
    ) -> None:
        self._store = store
        self._agreement = agreement
        self._clock = clock
        self._bounds = bounds

    async def state(self, statement: Statement) -> Written:
        """Record consent or an objection; a later one under its reference takes its place. Repeating is harmless.

        Raises:
            Unauthenticated: the caller is no partner.
            NotPermitted: the caller is switched off or has not signed, no convenant is in force, the role or mandate is
                unknown, or the convenant does not let its kind record consent (anyone may object).
            QuotaExceeded: the caller asked more than its quota.
            InvalidInput: below `scope`, what the convenant does not have or what the days cannot be; at `message_id`,
                an id that stands for another call. Nothing was written but its charge.
            StoreUnavailable: nothing was written.

        """
        fact, message = statement.fact, statement.message
        call = _Call(
            caller=fact.partner,
            professional=statement.professional,
            event=AuditEvent.CONSENT,
            subject=fact.subject,
            message=message,
        )

        async def write(tx: Transaction, setting: _Setting, asker: Admitted) -> Written:
            convenant = asker.agreement.engine.convenant
            # Step 4: may this kind say it, and can it be true.
            check_recorder(convenant, asker.partner.kind, fact.effect)
            check_statement(fact, convenant, await tx.partners.all(), today=day_of(setting.at))
            return await _write(tx, setting, _Change(message=message, fact=fact, digest=digest_of(fact)))

        return await self._settle(call, write)

    async def withdraw(self, withdrawal: Withdrawal) -> Written:
        """Let one of the caller's own statements count no more, for whomever it counts. Repeating is harmless.

        Raises:
            UnknownReference: the caller recorded nothing under this reference.
            Unauthenticated, NotPermitted: as for `state`; any kind may withdraw what it recorded.
            QuotaExceeded, InvalidInput, StoreUnavailable: as for `state`.

        """
        message = withdrawal.message
        call = _Call(
            caller=withdrawal.caller,
            professional=withdrawal.professional,
            event=AuditEvent.CONSENT,
            message=message,
        )

        async def write(tx: Transaction, setting: _Setting, _: Admitted) -> Written:
            # Step 4: is there something to withdraw. Before the id is taken: a refusal is committed too.
            standing = await tx.facts.own_consent(withdrawal.caller, withdrawal.reference)
            if standing is None:
                raise UnknownReference(
                    "UNKNOWN_REFERENCE", "the partner recorded no statement under this reference"
                )
            fact = replace(standing.fact, effect=ConsentEffect.WITHDRAWN)
            digest = digest_of_withdrawal(withdrawal.reference)
            return await _write(tx, setting, _Change(message=message, fact=fact, digest=digest))

        return await self._settle(call, write)

    async def list_own(self, question: OwnQuestion) -> OwnConsents:
        """Return what the caller itself recorded about the person, once it is on record that it looked.

        Raises:
            Unauthenticated, NotPermitted, QuotaExceeded, StoreUnavailable: as for `state`.

        """
        call = _Call(
            caller=question.caller,
            professional=question.professional,
            event=AuditEvent.CONSENT_LIST,
            subject=question.subject,
        )

        async def read(tx: Transaction, setting: _Setting, _: Admitted) -> OwnConsents:
            found = await tx.facts.own_consents(question.caller, question.subject)
            record = setting.record(AuditOutcome.DONE if found else AuditOutcome.EMPTY)
            await tx.audit.append([record])
            return OwnConsents(
                consents=tuple(found),
                day=day_of(setting.at),
                record_id=record.record_id,
                position=await tx.facts.position(),
            )

        return await self._settle(call, read)

    async def _settle(self, call: _Call, work: _Work[_Result]) -> _Result:
        try:
            return await self._run(call, work)
        except InvalidInput:
            # What it had begun to write is taken back, the id of the call above all. Its charge went with that, and
            # is made by itself: or whoever breaks rules would ask without end.
            await self._run(call, _nothing)
            raise

    async def _run(self, call: _Call, work: _Work[_Result]) -> _Result:
        try:
            outcome = await self._try(call, work, hold=False)
        except QuotaExceeded:
            # Another call took what was left between the look at the meter and the charge, and nothing was written.
            # Again, and now nobody can.
            outcome = await self._try(call, work, hold=True)
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def _try(self, call: _Call, work: _Work[_Result], *, hold: bool) -> _Result | Refusal:
        """Return what the work gives, or the refusal that is on record; either is durable when this returns."""
        try:
            async with self._store.transaction() as tx:
                setting = await self._look_around(tx, call)
                try:
                    # Steps 1 and 2: the caller, and what it knows of itself.
                    asker = admit(setting.caller, setting.agreement)
                    asker.agreement.engine.check_asker(
                        kind=asker.partner.kind,
                        role=call.professional.role,
                        mandate=call.professional.mandate,
                        purpose=None,
                    )
                    # Step 3: quota.
                    tally = await self._take_one(tx, call.caller, setting.at, hold=hold)
                except Refusal as refusal:
                    return await self._refuse(tx, setting, refusal)
                await tx.meters.charge(tally.charges, setting.at)
                try:
                    return await work(tx, setting, asker)
                except Refusal as refusal:
                    return await self._refuse(tx, setting, refusal)
        except StoreUnavailable:
            # What was to be written about a stranger was not.
            self._bounds.alarms.forget(call.caller)
            raise

    async def _look_around(self, tx: Transaction, call: _Call) -> _Setting:
        now = self._clock()
        return _Setting(
            at=now,
            call=call,
            caller=await tx.partners.find(call.caller),
            agreement=await self._agreement.in_force(tx.agreements, now),
        )

    async def _take_one(self, tx: Transaction, partner: Oin, now: datetime, *, hold: bool) -> Tally:
        key, terms = MeterKey(partner, QUESTIONS), self._bounds.quota
        standing = await tx.meters.standing([key], hold=hold)
        if key in standing and is_beyond(standing[key], terms, now):
            await tx.meters.mend({key: terms}, now)
        tally = Tally(standing, now)
        tally.take(key, terms)
        return tally

    async def _refuse(self, tx: Transaction, setting: _Setting, refusal: Refusal) -> Refusal:
        if setting.caller is not None or self._bounds.alarms.is_due(setting.call.caller, setting.at):
            await tx.audit.append([setting.record(AuditOutcome.REFUSED, reason=refusal.reason)])
        return refusal


async def _nothing(_tx: Transaction, _setting: _Setting, _asker: Admitted) -> None:
    """Write nothing: the call is charged, and that is all."""


async def _write(tx: Transaction, setting: _Setting, change: _Change) -> Written:
    """Write the version and its record, unless the same call did so before: then it has that record."""
    record_id = record_id_of(change.message, change.digest)
    # Step 5: once for every id.
    if await is_first(tx.facts, change.message, change.digest):
        # Step 6: the version. Later than what stands, whatever the partner's own clock said of that.
        fact = change.fact
        standing = await tx.facts.own_consent(fact.partner, fact.reference)
        *_, saved = await tx.facts.save_all(
            [
                FactMessage(id=change.message, event=_EVENTS[fact.effect], recorded_at=at, fact=fact)
                for at in moments_of(fact.effect, standing, now=setting.at)
            ]
        )
        # Step 7: its record. The block ends with the commit: an error there reaches the caller instead of a receipt.
        outcome = AuditOutcome.SUPERSEDED if saved is Saved.SUPERSEDED else AuditOutcome.DONE
        await tx.audit.append([replace(setting.record(outcome, subject=fact.subject), record_id=record_id)])
    return Written(record_id=record_id, position=await tx.facts.position())
