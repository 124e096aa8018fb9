"""Declaring an emergency, in numbered steps: nothing is declared before it is on record and the officers are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from uuid_utils.compat import uuid7

from gateway.agreement.admission import Admitted, admit
from gateway.agreement.reading import AgreementReader, InForce, identity_of
from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.breakglass import events
from gateway.breakglass.noticing import tell
from gateway.breakglass.sealing import TextSealer
from gateway.clock import day_of
from gateway.convenant.model import BreakGlassTerms
from gateway.domain import Declaration, Oin, Partner, Professional, Subject
from gateway.errors import NotPermitted, Refusal, StoreUnavailable
from gateway.index.ports import IndexStore, Transaction
from gateway.messages.notices import NoticeEvent
from gateway.metering.bounds import CallBounds
from gateway.metering.ports import MeterKey
from gateway.metering.taking import take_one

METER = "declarations"
NOT_ALLOWED = "BREAK_GLASS_NOT_ALLOWED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareRequest:
    """What a professional declares. `caller` comes from the client certificate; `explanation` is checked text."""

    caller: Oin
    subject: Subject
    purpose: str
    professional: Professional
    own_case: bool
    ground: str
    explanation: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The declaration, its audit record, and how far the index had come."""

    declaration: Declaration
    record_id: str
    position: int


class BreakGlass:
    """Takes declarations. Safe to call from many tasks at once."""

    def __init__(
        self,
        *,
        store: IndexStore,
        agreement: AgreementReader,
        sealer: TextSealer,
        clock: Callable[[], datetime],
        bounds: CallBounds,
    ) -> None:
        self._store = store
        self._agreement = agreement
        self._sealer = sealer
        self._clock = clock
        self._bounds = bounds

    async def declare(self, request: DeclareRequest) -> Declared:
        """Make a declaration, on record and with a notice to the asker's officers, in one transaction.

        What is refused is on record too. No refusal depends on the person.

        Raises:
            Unauthenticated: the caller is no partner.
            NotPermitted: the caller is switched off or has not signed, no convenant is in force, the role, mandate or
                purpose is unknown, it is the professional's own case (OWN_CASE), or the terms do not let this kind,
                role, purpose or ground declare (BREAK_GLASS_NOT_ALLOWED).
            QuotaExceeded: the partner declared more than its quota.
            StoreUnavailable: nothing was declared.

        """
        try:
            async with self._store.transaction() as tx:
                outcome = await self._settle(tx, request)
        except StoreUnavailable:
            # What was to be written about a stranger was not.
            self._bounds.alarms.forget(request.caller)
            raise
        if isinstance(outcome, Refusal):
            raise outcome
        events.DECLARED.emit(organisation=request.caller, declaration=outcome.declaration.id)
        return outcome

    async def _settle(self, tx: Transaction, request: DeclareRequest) -> Declared | Refusal:
        now = self._clock()
        agreement = await self._agreement.in_force(tx.agreements, now)
        caller = await tx.partners.find(request.caller)
        try:
            admitted, terms = _admit(request, caller, agreement, day_of(now))
            # Step 4: quota.
            await take_one(tx.meters, MeterKey(request.caller, METER), self._bounds.quota, now)
        except Refusal as refusal:
            if caller is not None or self._bounds.alarms.is_due(request.caller, now):
                await tx.audit.append([_refused(request, caller, agreement, refusal, now)])
            return refusal
        # Step 5: the declaration, its record and the notice, all or none.
        declaration = self._declaration(request, admitted, terms, now)
        record = _record(declaration, now)
        await tx.declarations.add(declaration)
        await tx.outgoing.add(
            [
                tell(
                    declaration.partner,
                    NoticeEvent.DECLARED,
                    declaration,
                    at=now,
                    occasion=record.record_id,
                )
            ]
        )
        position = await tx.facts.position()
        await tx.audit.append([record])
        return Declared(declaration=declaration, record_id=record.record_id, position=position)

    def _declaration(
        self, request: DeclareRequest, admitted: Admitted, terms: BreakGlassTerms, now: datetime
    ) -> Declaration:
        declaration_id = str(uuid7())
        return Declaration(
            id=declaration_id,
            partner=request.caller,
            kind=admitted.partner.kind,
            professional=request.professional,
            subject=request.subject,
            purpose=request.purpose,
            ground=request.ground,
            explanation=self._sealer.seal(request.explanation, declaration=declaration_id),
            convenant=admitted.agreement.engine.convenant.identity,
            declared_at=now,
            expires_at=now + timedelta(minutes=terms.minutes),
            review_due=now + timedelta(days=terms.review_days),
        )


def _admit(
    request: DeclareRequest, caller: Partner | None, agreement: InForce | None, day: date
) -> tuple[Admitted, BreakGlassTerms]:
    # Step 1: the caller, and the convenant that binds it.
    admitted = admit(caller, agreement)
    # Step 2: what the caller knows of itself.
    engine = admitted.agreement.engine
    engine.check_asker(
        kind=admitted.partner.kind,
        role=request.professional.role,
        mandate=request.professional.mandate,
        purpose=request.purpose,
    )
    if request.own_case:
        raise NotPermitted("OWN_CASE", "the professional belongs to the household; a colleague may declare")
    # Step 3: the terms.
    terms = engine.convenant.break_glass
    if terms is None or not _allows(terms, request, admitted.partner, day):
        raise NotPermitted(
            NOT_ALLOWED, "the convenant does not let this kind and role declare for this purpose and ground"
        )
    return admitted, terms


def _allows(terms: BreakGlassTerms, request: DeclareRequest, partner: Partner, day: date) -> bool:
    return (
        partner.kind in terms.kinds
        and (not terms.roles or request.professional.role in terms.roles)
        and request.purpose in terms.purposes
        and request.ground in terms.grounds
        and terms.basis.holds(day)
    )


def _record(declaration: Declaration, at: datetime) -> AuditRecord:
    return AuditRecord(
        at=at,
        event=AuditEvent.BREAK_GLASS,
        outcome=AuditOutcome.DONE,
        organisation=declaration.partner,
        kind=declaration.kind,
        professional=declaration.professional,
        subject=declaration.subject,
        purpose=declaration.purpose,
        convenant=declaration.convenant,
        reason=declaration.ground,
        emergency=declaration.id,
    )


def _refused(
    request: DeclareRequest,
    caller: Partner | None,
    agreement: InForce | None,
    refusal: Refusal,
    at: datetime,
) -> AuditRecord:
    return AuditRecord(
        at=at,
        event=AuditEvent.BREAK_GLASS,
        outcome=AuditOutcome.REFUSED,
        organisation=request.caller,
        kind=None if caller is None else caller.kind,
        professional=request.professional,
        subject=request.subject,
        purpose=request.purpose,
        convenant=identity_of(agreement),
        reason=refusal.reason,
    )
