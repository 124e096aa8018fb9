"""The lookup, in the numbered steps of the design: nothing leaves before its audit record is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.audit.model import AuditedVerdict, AuditEvent, AuditOutcome, AuditRecord
from gateway.convenant.deciding import check_asker, decide
from gateway.convenant.model import Convenant
from gateway.convenant.question import Decision, Question
from gateway.domain import HouseholdFacts, Oin, Partner, PartnerKind, Pseudonym
from gateway.errors import NotFreshEnough, NotPermitted, Refusal, Unauthenticated
from gateway.index.ports import IndexStore, Transaction
from gateway.lookup.answer import Answer, LookupRequest
from gateway.lookup.batching import Batcher
from gateway.lookup.lines import lines_of
from gateway.lookup.quota import Quota, QuotaTerms

LARGEST_BATCH = 64
"""Questions that share one read and one commit at most: bounds the time one batch takes."""

FRESHNESS_TRIES = 40
FRESHNESS_PAUSE_SECONDS = 0.05
"""How often and how far apart the index is looked at for a token it has not reached: two seconds in all."""

TIME_ZONE = ZoneInfo("Europe/Amsterdam")
"""Days of involvements, consents and grounds are days in the Netherlands."""

_Outcome = Answer | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the index holds for a batch of questions.

    `reached` was read before the households and `position` after them: the households are at least as fresh
    as the one and no fresher than the other, also where a store lets another transaction commit in between.
    """

    at: datetime
    partners: Mapping[Oin, Partner]
    kinds: Mapping[Oin, PartnerKind]
    households: Mapping[Pseudonym, HouseholdFacts]
    reached: int
    position: int

    @property
    def day(self) -> date:
        return day_of(self.at)

    def of(self, subject: Pseudonym) -> HouseholdFacts:
        """Return the household, its holders' kinds taken from the same partners that the answer names."""
        return replace(self.households[subject], kinds=self.kinds)


class LookupService:
    """Answers who else is involved with a household. Safe to call from many tasks at once."""

    def __init__(
        self,
        *,
        store: IndexStore,
        convenant: Convenant,
        clock: Callable[[], datetime],
        quota: QuotaTerms | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._convenant = convenant
        self._clock = clock
        self._quota = Quota(quota or QuotaTerms())
        self._pause = pause
        self._batcher = Batcher(self._answer_all, most=LARGEST_BATCH)

    async def ask(self, request: LookupRequest) -> Answer:
        """Return the answer to one question.

        Nobody involved, everything withheld and shielded give the same answer, made the same way. An answer
        and a refusal leave after their audit record is durable.

        Raises:
            Unauthenticated: the caller is no partner.
            NotPermitted: the caller is switched off, or asks in an unknown role, mandate or purpose.
            QuotaExceeded: the caller asked more than its quota.
            NotFreshEnough: the index has not reached the request's position in time; nothing was decided.
            StoreUnavailable: the store or the log is away; nothing was answered.

        """
        for _ in range(FRESHNESS_TRIES - 1):
            try:
                return await self._batcher.run(request)
            except NotFreshEnough:
                await self._pause(FRESHNESS_PAUSE_SECONDS)
        return await self._batcher.run(request)

    async def _answer_all(self, requests: Sequence[LookupRequest]) -> Sequence[_Outcome]:
        outcomes: list[_Outcome] = []
        records: list[AuditRecord] = []
        async with self._store.transaction() as tx:
            # Step 4 for all of them at once; what was read is used where steps 1 to 3 let the question through.
            facts = await _read(tx, requests, self._clock())
            for request in requests:
                outcome, record = self._answer(request, facts)
                outcomes.append(outcome)
                records += [] if record is None else [record]
            # Step 6. The block ends with the commit: an error there reaches every caller instead of an answer.
            await tx.audit.append(records)
        # Step 7.
        return outcomes

    def _answer(self, request: LookupRequest, facts: _Facts) -> tuple[_Outcome, AuditRecord | None]:
        caller = facts.partners.get(request.caller)
        try:
            asker = self._admit(request, caller)
            if request.at_least is not None and facts.reached < request.at_least:
                return NotFreshEnough("the index has not reached the consistency token; try again"), None
            # Step 3: quota. After the wait for freshness, which asks again and must not pay again.
            self._quota.charge(asker.oin, facts.at)
        except Refusal as refusal:
            return refusal, self._refused(request, caller, refusal, facts.at)
        # Step 5: decide.
        household = facts.of(request.subject)
        decision = decide(self._convenant, _question(request, asker), household, on=facts.day)
        record = _answered(request, asker, decision, household, facts.at)
        lines = lines_of(decision.shown, facts.partners, subject=request.subject)
        return Answer(involvements=lines, record_id=record.record_id, position=facts.position), record

    def _admit(self, request: LookupRequest, caller: Partner | None) -> Partner:
        # Step 1: the caller.
        if caller is None:
            raise Unauthenticated("UNKNOWN_PARTNER", "the certificate names no partner of this index")
        if not caller.active:
            raise NotPermitted("PARTNER_INACTIVE", "the partner is switched off")
        # Step 2: what the caller knows of itself.
        check_asker(
            self._convenant,
            kind=caller.kind,
            role=request.professional.role,
            mandate=request.professional.mandate,
            purpose=request.purpose,
        )
        return caller

    def _refused(
        self, request: LookupRequest, caller: Partner | None, refusal: Refusal, at: datetime
    ) -> AuditRecord:
        return AuditRecord(
            at=at,
            event=AuditEvent.LOOKUP,
            outcome=AuditOutcome.REFUSED,
            organisation=request.caller,
            kind=None if caller is None else caller.kind,
            professional=request.professional,
            subject=request.subject,
            purpose=request.purpose,
            convenant=self._convenant.identity,
            reason=refusal.reason,
        )


def day_of(moment: datetime) -> date:
    """Return the day on which the moment falls in the Netherlands."""
    return moment.astimezone(TIME_ZONE).date()


async def _read(tx: Transaction, requests: Sequence[LookupRequest], at: datetime) -> _Facts:
    partners = {partner.oin: partner for partner in await tx.partners.all()}
    # Before the facts, for who asks to see at least so much; after them, for a token that no later answer is
    # staler than.
    reached = await tx.facts.position()
    subjects = list(dict.fromkeys(request.subject for request in requests))
    households = await tx.facts.households(subjects, on=day_of(at))
    position = await tx.facts.position()
    return _Facts(
        at=at,
        partners=partners,
        kinds={partner.oin: partner.kind for partner in partners.values() if partner.active},
        households=households,
        reached=reached,
        position=position,
    )


def _question(request: LookupRequest, asker: Partner) -> Question:
    return Question(
        asker=asker.oin,
        asker_kind=asker.kind,
        role=request.professional.role,
        mandate=request.professional.mandate,
        purpose=request.purpose,
        subject=request.subject,
    )


def _answered(
    request: LookupRequest, asker: Partner, decision: Decision, facts: HouseholdFacts, at: datetime
) -> AuditRecord:
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
        verdicts=tuple(
            AuditedVerdict(
                partner=verdict.involvement.partner,
                kind=facts.kinds.get(verdict.involvement.partner),
                reference=verdict.involvement.reference,
                shown=verdict.shown,
                rule=verdict.rule,
                basis=verdict.basis,
            )
            for verdict in decision.verdicts
        ),
    )
