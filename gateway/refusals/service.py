"""Recording what a partner decided not to share, in numbered steps: a refusal and its audit record are one commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gateway.agreement.admission import Admitted, admit
from gateway.agreement.reading import AgreementReader, InForce, identity_of
from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.clock import day_of
from gateway.domain import Oin, Partner, RecordedRefusal, Reference, Subject
from gateway.errors import InvalidInput, NotPermitted, Refusal, StoreUnavailable, UnknownReference
from gateway.index.ports import IndexStore, Transaction
from gateway.metering.bounds import CallBounds
from gateway.metering.ports import QUESTIONS, MeterKey
from gateway.metering.taking import take_one
from gateway.refusals.model import Acting, OnRecord, OwnRefusals, ToRecord

MOST_STANDING = 500
"""So many refusals of one partner stand at most: nobody reviews more, and a list of them stays one answer."""
LONGEST_YEARS = 2
"""So far ahead a review may lie: nobody would look at the decision again."""
CLOSED = "closed"
LISTED = "listed"
"""Reasons in the audit record, beside the grounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One call that was let in."""

    tx: Transaction
    at: datetime
    admitted: Admitted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What a call did, for its record: about whom, and why. `found` is what a list has."""

    reason: str
    subject: Subject | None = None
    found: Sequence[RecordedRefusal] | None = None


_Work = Callable[[_Call], Awaitable[_Done]]


class RefusalRoom:
    """Takes recorded refusals; they are part of no answer. Safe to call from many tasks at once.

    Every method raises Unauthenticated (the caller is no partner), NotPermitted (it is switched off or has not signed,
    no convenant is in force, its role or mandate is unknown), QuotaExceeded, and StoreUnavailable (nothing was
    written). What is refused is on record too. Every call is safe to repeat.
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

    async def record(self, acting: Acting, refusal: ToRecord) -> OnRecord:
        """Record a refusal, or replace the one of the same partner under the same reference.

        Raises:
            NotPermitted: UNKNOWN_GROUND, the convenant does not have the ground; TOO_MANY_REFUSALS, 500 of the caller
                stand, and none of them under this reference.
            InvalidInput: at `review_on`, a day that is not from tomorrow to two years ahead. Nothing was written but
                its charge.

        """

        async def write(call: _Call) -> _Done:
            check_review(refusal.review_on, today=day_of(call.at))
            if refusal.ground not in call.admitted.agreement.engine.convenant.refusal_grounds:
                raise NotPermitted("UNKNOWN_GROUND", "ground: the convenant does not have this ground")
            await _check_room(call.tx, acting.caller, refusal.reference)
            await call.tx.refusals.record(
                RecordedRefusal(
                    partner=acting.caller,
                    reference=refusal.reference,
                    subject=refusal.subject,
                    ground=refusal.ground,
                    review_on=refusal.review_on,
                    recorded_at=call.at,
                )
            )
            return _Done(reason=refusal.ground, subject=refusal.subject)

        return (await self._settle(acting, write, about=refusal.subject)).on_record

    async def close(self, acting: Acting, reference: Reference) -> OnRecord:
        """Say that one of the caller's own refusals no longer stands; one that is closed stays as it is.

        Raises:
            UnknownReference: the caller recorded nothing under this reference.

        """

        async def write(call: _Call) -> _Done:
            standing = await call.tx.refusals.find(acting.caller, reference)
            if standing is None:
                raise UnknownReference(
                    "UNKNOWN_REFERENCE", "the partner recorded no refusal under this reference"
                )
            await call.tx.refusals.close(acting.caller, reference, call.at)
            return _Done(reason=CLOSED, subject=standing.subject)

        return (await self._settle(acting, write)).on_record

    async def list_own(self, acting: Acting) -> OwnRefusals:
        """Return the caller's own refusals that stand, once it is on record that it looked.

        At most 500, those that are to be reviewed soonest.
        """

        async def read(call: _Call) -> _Done:
            found = await call.tx.refusals.standing(partner=acting.caller)
            return _Done(reason=LISTED, found=found[:MOST_STANDING])

        return await self._settle(acting, read)

    async def _settle(self, acting: Acting, work: _Work, *, about: Subject | None = None) -> OwnRefusals:
        try:
            async with self._store.transaction() as tx:
                outcome = await self._handle(tx, acting, work, about)
        except StoreUnavailable:
            # What was to be written about a stranger was not.
            self._bounds.alarms.forget(acting.caller)
            raise
        if isinstance(outcome, Refusal | InvalidInput):
            raise outcome
        return outcome

    async def _handle(
        self, tx: Transaction, acting: Acting, work: _Work, about: Subject | None
    ) -> OwnRefusals | Refusal | InvalidInput:
        now = self._clock()
        agreement = await self._agreement.in_force(tx.agreements, now)
        caller = await tx.partners.find(acting.caller)
        try:
            # Step 1: the caller, and the convenant that binds it.
            admitted = admit(caller, agreement)
            # Step 2: what the caller knows of itself. A refusal shows nobody anything: it has no purpose.
            admitted.agreement.engine.check_asker(
                kind=admitted.partner.kind,
                role=acting.professional.role,
                mandate=acting.professional.mandate,
                purpose=None,
            )
            # Step 3: quota.
            await take_one(tx.meters, MeterKey(acting.caller, QUESTIONS), self._bounds.quota, now)
            # Step 4: what is asked. It refuses before it writes: the charge is committed too, and a refusal's record.
            done = await work(_Call(tx=tx, at=now, admitted=admitted))
        except Refusal as refusal:
            if caller is not None or self._bounds.alarms.is_due(acting.caller, now):
                await tx.audit.append([_refused(acting, caller, agreement, refusal, at=now, about=about)])
            return refusal
        except InvalidInput as fault:
            # Not on record, as a question that cannot be read is not, and charged: or whoever breaks rules would ask
            # without end.
            return fault
        # Step 5: the record. The block of the caller ends with the commit: an error there reaches it.
        record = _record(acting, admitted, done, now)
        await tx.audit.append([record])
        on_record = OnRecord(record_id=record.record_id, position=await tx.facts.position())
        return OwnRefusals(refusals=tuple(done.found or ()), on_record=on_record)


async def _check_room(tx: Transaction, partner: Oin, reference: Reference) -> None:
    """Return if one more refusal may stand. Nobody else records for the partner meanwhile: its bucket is held.

    Raises:
        NotPermitted: TOO_MANY_REFUSALS.

    """
    if await tx.refusals.count_standing(partner) < MOST_STANDING:
        return
    replaced = await tx.refusals.find(partner, reference)
    if replaced is None or replaced.closed_at is not None:
        raise NotPermitted(
            "TOO_MANY_REFUSALS",
            f"{MOST_STANDING} refusals of the partner stand; close those that no longer do first",
        )


def check_review(review_on: date, *, today: date) -> None:
    """Return if the decision is looked at again in time.

    Raises:
        InvalidInput: at `review_on`, a day that is not from tomorrow to two years ahead.

    """
    latest = _years_after(today, LONGEST_YEARS)
    if not today < review_on <= latest:
        raise InvalidInput.at("review_on", f"must be from tomorrow to {LONGEST_YEARS} years ahead")


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        # 29 February, and no leap year then: the day before 1 March.
        return day.replace(year=day.year + years, day=28)


def _record(acting: Acting, admitted: Admitted, done: _Done, at: datetime) -> AuditRecord:
    is_empty = done.found is not None and not done.found
    return AuditRecord(
        at=at,
        event=AuditEvent.REFUSAL,
        outcome=AuditOutcome.EMPTY if is_empty else AuditOutcome.DONE,
        organisation=acting.caller,
        kind=admitted.partner.kind,
        professional=acting.professional,
        subject=done.subject,
        convenant=admitted.agreement.engine.convenant.identity,
        reason=done.reason,
    )


def _refused(
    acting: Acting,
    caller: Partner | None,
    agreement: InForce | None,
    refusal: Refusal,
    *,
    at: datetime,
    about: Subject | None,
) -> AuditRecord:
    return AuditRecord(
        at=at,
        event=AuditEvent.REFUSAL,
        outcome=AuditOutcome.REFUSED,
        organisation=acting.caller,
        kind=None if caller is None else caller.kind,
        professional=acting.professional,
        subject=about,
        convenant=identity_of(agreement),
        reason=refusal.reason,
    )
