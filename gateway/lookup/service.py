"""The lookup, in the numbered steps of the design: nothing leaves before its audit record is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.audit.model import AuditedVerdict, AuditEvent, AuditOutcome, AuditRecord
from gateway.convenant.deciding import check_asker, decide
from gateway.convenant.model import Convenant
from gateway.convenant.question import Decision, Question
from gateway.domain import HouseholdFacts, Oin, Partner, PartnerKind, Subject
from gateway.errors import NotFreshEnough, NotPermitted, QuotaExceeded, Refusal, Unauthenticated
from gateway.index.ports import IndexStore, Transaction
from gateway.lookup import events, misses, quota
from gateway.lookup.answer import Answer, LookupRequest
from gateway.lookup.batching import Batcher
from gateway.lookup.lines import lines_of
from gateway.lookup.misses import Misses, MissesExhausted, MissTerms
from gateway.lookup.quota import Quota, QuotaTerms
from gateway.metering.tally import Tally
from gateway.telemetry.alarms import Alarms

LARGEST_BATCH = 64
"""Questions that share one read and one commit at most: bounds the time one batch takes."""

FRESHNESS_TRIES = 40
FRESHNESS_PAUSE_SECONDS = 0.05
"""How often and how far apart the index is looked at for a token it has not reached: two seconds in all."""

TIME_ZONE = ZoneInfo("Europe/Amsterdam")
"""Days of involvements, consents and grounds are days in the Netherlands."""

ALARM_REPEAT = timedelta(hours=1)
"""How often a partner is named again while it goes on, unless the settings say otherwise."""

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
    households: Mapping[Subject, HouseholdFacts]
    ties: frozenset[tuple[Oin, Subject]]
    """Who of the askers is involved with whom by its own registrations alone."""
    reached: int
    position: int

    @property
    def day(self) -> date:
        return day_of(self.at)

    def of(self, subject: Subject) -> HouseholdFacts:
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
        misses: MissTerms | None = None,
        alarms: Alarms | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._convenant = convenant
        self._clock = clock
        self._quota = quota or QuotaTerms()
        self._misses = misses or MissTerms()
        self._alarms = alarms or Alarms(ALARM_REPEAT)
        self._pause = pause
        self._batcher = Batcher(self._answer_all, most=LARGEST_BATCH)

    async def ask(self, request: LookupRequest) -> Answer:
        """Return the answer to one question.

        Nobody involved, everything withheld and shielded give the same answer, made the same way. An answer
        and a refusal leave after their audit record is durable.

        Raises:
            Unauthenticated: the caller is no partner.
            NotPermitted: the caller is switched off, or asks in an unknown role, mandate or purpose.
            QuotaExceeded: the caller asked more than its quota, or has no misses left.
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
        try:
            outcomes = await self._settle(requests, hold=False)
        except QuotaExceeded:
            # Another process took what was left between the look at the meters and the charge, and nothing of the
            # batch was written. Again, and now nobody can.
            outcomes = await self._settle(requests, hold=True)
        self._name_the_exhausted(requests, outcomes)
        # Step 7.
        return outcomes

    async def _settle(self, requests: Sequence[LookupRequest], *, hold: bool) -> Sequence[_Outcome]:
        outcomes: list[_Outcome] = []
        records: list[AuditRecord] = []
        now = self._clock()
        async with self._store.transaction() as tx:
            # Step 4 for all of them at once; what was read is used where steps 1 to 3 let the question through.
            facts = await _read(tx, requests, now)
            askers = facts.partners.keys() & {request.caller for request in requests}
            keys = [key for asker in askers for key in (quota.key_of(asker), misses.key_of(asker))]
            tally = Tally(await tx.meters.standing(keys, hold=hold), now)
            for request in requests:
                outcome, record = self._answer(request, facts, tally)
                outcomes.append(outcome)
                records += [] if record is None else [record]
            await tx.meters.charge(tally.charges, now)
            # Step 6. The block ends with the commit: an error there reaches every caller instead of an answer.
            await tx.audit.append(records)
        return outcomes

    def _answer(
        self, request: LookupRequest, facts: _Facts, tally: Tally
    ) -> tuple[_Outcome, AuditRecord | None]:
        caller = facts.partners.get(request.caller)
        missed = Misses(self._misses, tally)
        try:
            asker = self._admit(request, caller)
            if request.at_least is not None and facts.reached < request.at_least:
                return NotFreshEnough("the index has not reached the consistency token; try again"), None
            # Step 3: quota. After the wait for freshness, which asks again and must not pay again.
            Quota(self._quota, tally).charge(asker.oin)
            missed.require(asker.oin)
        except Refusal as refusal:
            return refusal, self._refused(request, caller, refusal, facts.at)
        # Step 5: decide.
        household = facts.of(request.subject)
        decision = decide(self._convenant, _question(request, asker), household, on=facts.day)
        record = _answered(request, asker, decision, household, facts.at)
        lines = lines_of(decision.shown, facts.partners, subject=request.subject)
        missed.count(asker.oin, shown=lines, is_tied=(asker.oin, request.subject) in facts.ties)
        return Answer(involvements=lines, record_id=record.record_id, position=facts.position), record

    def _name_the_exhausted(self, requests: Sequence[LookupRequest], outcomes: Sequence[_Outcome]) -> None:
        exhausted = {
            request.caller
            for request, outcome in zip(requests, outcomes, strict=True)
            if isinstance(outcome, MissesExhausted)
        }
        for partner in sorted(exhausted):
            if self._alarms.is_due(partner, self._clock()):
                terms = self._misses.of(partner)
                events.MISSES_EXHAUSTED.emit(organisation=partner, per_hour=terms.per_hour, burst=terms.burst)

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
            reason=misses.EXHAUSTED if isinstance(refusal, MissesExhausted) else refusal.reason,
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
    ties = await _ties(tx, requests, households, day_of(at))
    position = await tx.facts.position()
    return _Facts(
        at=at,
        partners=partners,
        kinds={partner.oin: partner.kind for partner in partners.values() if partner.active},
        households=households,
        ties=ties,
        reached=reached,
        position=position,
    )


async def _ties(
    tx: Transaction,
    requests: Sequence[LookupRequest],
    households: Mapping[Subject, HouseholdFacts],
    day: date,
) -> frozenset[tuple[Oin, Subject]]:
    """Return which askers are involved with whom they ask about, by their own registrations alone.

    Only for those that are not involved with the very person the store is asked again: an asker's own involvement
    with the person stands in the household, whatever others say.
    """
    asked = {(request.caller, request.subject) for request in requests}
    direct = {
        (caller, subject)
        for caller, subject in asked
        if any(
            fact.partner == caller and fact.is_current(day) and fact.subject.is_same_person(subject)
            for fact in households[subject].involvements
        )
    }
    strangers = asked - direct
    return frozenset(direct | await tx.facts.ties(strangers, on=day)) if strangers else frozenset(direct)


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
