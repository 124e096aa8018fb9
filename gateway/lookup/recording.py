"""The audit record of a question: what was decided about it, or why it got no answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from gateway.audit.model import AuditedVerdict, AuditEvent, AuditOutcome, AuditRecord
from gateway.convenant.question import Decision, Verdict
from gateway.domain import ConsentFact, Oin, Partner, PartnerKind
from gateway.lookup.answer import LookupRequest


def refused(
    request: LookupRequest, caller: Partner | None, reason: str, *, convenant: str, at: datetime
) -> AuditRecord:
    """Return the record of a question that was refused; `convenant` is empty where none was in force."""
    return AuditRecord(
        at=at,
        event=AuditEvent.LOOKUP,
        outcome=AuditOutcome.REFUSED,
        organisation=request.caller,
        kind=None if caller is None else caller.kind,
        professional=request.professional,
        subject=request.subject,
        purpose=request.purpose,
        convenant=convenant,
        reason=reason,
        emergency=request.declaration,
    )


def answered(
    request: LookupRequest,
    asker: Partner,
    decision: Decision,
    kinds: Mapping[Oin, PartnerKind],
    *,
    at: datetime,
) -> AuditRecord:
    """Return the record of a question that was answered, with the verdict on every involvement."""
    whole = decision.withheld_whole
    return AuditRecord(
        at=at,
        event=AuditEvent.LOOKUP,
        outcome=AuditOutcome.DONE if decision.shown else AuditOutcome.EMPTY,
        organisation=asker.oin,
        kind=asker.kind,
        professional=request.professional,
        subject=request.subject,
        purpose=request.purpose,
        convenant=decision.convenant,
        reason="" if whole is None else whole.value,
        verdicts=tuple(_audited(verdict, kinds) for verdict in decision.verdicts),
        emergency=request.declaration,
    )


def _audited(verdict: Verdict, kinds: Mapping[Oin, PartnerKind]) -> AuditedVerdict:
    fact = verdict.involvement
    return AuditedVerdict(
        partner=fact.partner,
        kind=kinds.get(fact.partner),
        reference=fact.reference,
        shown=verdict.shown,
        rule=verdict.rule,
        basis=verdict.basis,
        consent="" if verdict.consent is None else _version_of(verdict.consent),
    )


def _version_of(consent: ConsentFact) -> str:
    return f"{consent.partner}/{consent.reference}/{consent.version}"
