"""The lookup, in the numbered steps of the design: nothing leaves before its audit record is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.audit.model import AuditedVerdict, AuditEvent, AuditOutcome, AuditRecord
from gateway.convenant.deciding import check_asker, decide
from gateway.convenant.model import Convenant
from gateway.convenant.question import Decision, Question
from gateway.domain import HouseholdFacts, InvolvementFact, Oin, Partner
from gateway.errors import NotFreshEnough, NotPermitted, Refusal, Unauthenticated
from gateway.index.ports import IndexStore
from gateway.lookup.answer import Answer, Concern, LookupRequest, ShownInvolvement
from gateway.lookup.batching import Batcher

LARGEST_BATCH = 64
"""Questions that share one read and one commit at most: bounds the time one batch takes."""

FRESHNESS_TRIES = 40
FRESHNESS_PAUSE_SECONDS = 0.05
"""How often and how far apart the index is looked at for a token it has not reached: two seconds in all."""

TIME_ZONE = ZoneInfo("Europe/Amsterdam")
"""Days of involvements, consents and grounds are days in the Netherlands."""

_Outcome = Answer | Exception


@dataclass(frozen=True, slots=True)
class _Case:
    """A question with the asker and the facts it is decided on."""

    request: LookupRequest
    asker: Partner
    facts: HouseholdFacts
    decision: Decision


class LookupService:
    """Answers who else is involved with a household. Safe to call from many tasks at once."""

    def __init__(
        self,
        *,
        store: IndexStore,
        convenant: Convenant,
        clock: Callable[[], datetime],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._convenant = convenant
        self._clock = clock
        self._pause = pause
        self._batcher = Batcher(self._answer_all, most=LARGEST_BATCH)

    async def ask(self, request: LookupRequest) -> Answer:
        """Return the answer to one question.

        Nobody involved, everything withheld and shielded give the same answer, made the same way.

        Raises:
            Unauthenticated: the caller is no partner.
            NotPermitted: the caller is switched off, or asks in an unknown role, mandate or purpose.
            NotFreshEnough: the index has not reached the request's position in time.
            StoreUnavailable: the store or the log is away; nothing was answered.

        """
        if request.at_least is not None:
            await self._wait_until(request.at_least)
        return await self._batcher.run(request)

    async def _wait_until(self, position: int) -> None:
        for _ in range(FRESHNESS_TRIES):
            async with self._store.transaction() as tx:
                if await tx.facts.position() >= position:
                    return
            await self._pause(FRESHNESS_PAUSE_SECONDS)
        raise NotFreshEnough("the index has not reached the consistency token yet; try again")

    async def _answer_all(self, requests: Sequence[LookupRequest]) -> Sequence[_Outcome]:
        now = self._clock()
        outcomes: list[_Outcome] = []
        records: list[AuditRecord] = []
        async with self._store.transaction() as tx:
            partners = {partner.oin: partner for partner in await tx.partners.all()}
            # Step 4: one read for all of them.
            subjects = list(dict.fromkeys(request.subject for request in requests))
            households = await tx.facts.households(subjects, on=now.astimezone(TIME_ZONE).date())
            position = await tx.facts.position()
            for request in requests:
                outcome, record = self._answer(request, partners, households[request.subject], now, position)
                outcomes.append(outcome)
                records.append(record)
            # Step 6: the block ends with the commit; an error there reaches every caller instead of an answer.
            await tx.audit.append(records)
        # Step 7.
        return outcomes

    def _answer(
        self,
        request: LookupRequest,
        partners: Mapping[Oin, Partner],
        facts: HouseholdFacts,
        now: datetime,
        position: int,
    ) -> tuple[_Outcome, AuditRecord]:
        try:
            # Steps 1 to 3: the caller, and what it knows of itself.
            asker = self._admit(request, partners.get(request.caller))
        except Refusal as refusal:
            return refusal, self._refused(request, partners.get(request.caller), refusal, now)
        # Step 5.
        decision = self._decide(request, asker, facts, now)
        case = _Case(request, asker, facts, decision)
        lines = _lines(case, partners)
        record = self._record(case, lines, now)
        return Answer(involvements=lines, record_id=record.record_id, position=position), record

    def _admit(self, request: LookupRequest, asker: Partner | None) -> Partner:
        if asker is None:
            raise Unauthenticated("UNKNOWN_PARTNER", "the certificate names no partner of this index")
        if not asker.active:
            raise NotPermitted("PARTNER_INACTIVE", "the partner is switched off")
        check_asker(
            self._convenant,
            kind=asker.kind,
            role=request.professional.role,
            mandate=request.professional.mandate,
            purpose=request.purpose,
        )
        return asker

    def _decide(
        self, request: LookupRequest, asker: Partner, facts: HouseholdFacts, now: datetime
    ) -> Decision:
        question = Question(
            asker=asker.oin,
            asker_kind=asker.kind,
            role=request.professional.role,
            mandate=request.professional.mandate,
            purpose=request.purpose,
            subject=request.subject,
        )
        return decide(self._convenant, question, facts, on=now.astimezone(TIME_ZONE).date())

    def _record(self, case: _Case, lines: Sequence[ShownInvolvement], now: datetime) -> AuditRecord:
        whole = case.decision.withheld_whole
        return AuditRecord(
            at=now,
            event=AuditEvent.LOOKUP,
            outcome=AuditOutcome.DONE if lines else AuditOutcome.EMPTY,
            organisation=case.asker.oin,
            kind=case.asker.kind,
            professional=case.request.professional,
            subject=case.request.subject,
            purpose=case.request.purpose,
            convenant=case.decision.convenant,
            reason="" if whole is None else whole.value,
            verdicts=tuple(
                AuditedVerdict(
                    partner=verdict.involvement.partner,
                    kind=case.facts.kinds.get(verdict.involvement.partner),
                    reference=verdict.involvement.reference,
                    shown=verdict.shown,
                    rule=verdict.rule,
                    basis=verdict.basis,
                )
                for verdict in case.decision.verdicts
            ),
        )

    def _refused(
        self, request: LookupRequest, asker: Partner | None, refusal: Refusal, now: datetime
    ) -> AuditRecord:
        return AuditRecord(
            at=now,
            event=AuditEvent.LOOKUP,
            outcome=AuditOutcome.REFUSED,
            organisation=request.caller,
            kind=None if asker is None else asker.kind,
            professional=request.professional,
            subject=request.subject,
            purpose=request.purpose,
            convenant=self._convenant.identity,
            reason=refusal.reason,
        )


def _lines(case: _Case, partners: Mapping[Oin, Partner]) -> tuple[ShownInvolvement, ...]:
    """Return what may be shown, names and desks as they are now, equal lines once, in a fixed order."""
    lines = {
        _line(fact, partners[fact.partner], case.request)
        for fact in case.decision.shown
        if fact.partner in partners and partners[fact.partner].desks
    }
    return tuple(sorted(lines, key=lambda line: (*_order(line), line.partner)))


def _order(line: ShownInvolvement) -> tuple[str, str, str, str, str]:
    return line.kind, line.name, line.desk_code, line.since_month, line.concern.value


def _line(fact: InvolvementFact, partner: Partner, request: LookupRequest) -> ShownInvolvement:
    # A desk the directory does not know (any more) must not hide the partner: its first desk stands in.
    desk = partner.desk(fact.desk) or partner.desks[0]
    return ShownInvolvement(
        kind=partner.kind,
        name=partner.name,
        desk_code=desk.code,
        since_month=f"{fact.since:%Y-%m}",
        concern=Concern.PERSON if fact.subject == request.subject else Concern.HOUSEHOLD,
        partner=partner.oin,
        desk=desk,
    )
