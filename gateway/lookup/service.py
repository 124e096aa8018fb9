"""The lookup, in the numbered steps of the design: nothing leaves before its audit record is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from gateway.audit.model import AuditedVerdict, AuditEvent, AuditOutcome, AuditRecord
from gateway.clock import day_of
from gateway.convenant.deciding import check_asker, decide
from gateway.convenant.model import Convenant
from gateway.convenant.question import Decision, Question
from gateway.domain import HouseholdFacts, Oin, Partner, Subject
from gateway.errors import (
    NotFreshEnough,
    NotPermitted,
    QuotaExceeded,
    Refusal,
    StoreUnavailable,
    Unauthenticated,
)
from gateway.index.ports import IndexStore, Transaction
from gateway.lookup import events, misses, quota
from gateway.lookup.answer import Answer, LookupRequest
from gateway.lookup.batching import Batcher
from gateway.lookup.lines import lines_of
from gateway.lookup.misses import Misses, MissesExhausted, MissTerms
from gateway.lookup.quota import Quota
from gateway.metering.bucket import is_beyond
from gateway.metering.ports import MeterTerms
from gateway.metering.tally import Tally
from gateway.telemetry.alarms import Alarms

LARGEST_BATCH = 64
"""Questions that share one read and one commit at most: bounds the time one batch takes."""

FRESHNESS_TRIES = 40
FRESHNESS_PAUSE_SECONDS = 0.05
"""How often and how far apart the index is looked at for a token it has not reached: two seconds in all."""

NOT_FRESH_ENOUGH = "NOT_FRESH_ENOUGH"
"""The reason in the audit record of a question for which the index did not become fresh enough in time."""
_STALE = "the index has not reached the consistency token; try again"

_Outcome = Answer | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """One try at a question. After the last one nobody waits any longer for the index to become fresh enough."""

    request: LookupRequest
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """What is known before anything of a person is: who asks, and how far the index is.

    `reached` was read before the households: they are at least as fresh.
    """

    at: datetime
    partners: Mapping[Oin, Partner]
    reached: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a question ended, and its record; none for one that is tried again, or of a stranger who was named."""

    outcome: _Outcome
    record: AuditRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the index holds about the persons in a batch. `position` was read last: nothing here is fresher."""

    households: Mapping[Subject, HouseholdFacts]
    ties: frozenset[tuple[Oin, Subject]]
    """Who of the askers is involved with whom by its own registrations alone."""
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much every partner may ask, how often in vain, and when one that goes over that is named."""

    quota: MeterTerms
    misses: MissTerms
    alarms: Alarms


class LookupService:
    """Answers who else is involved with a household. Safe to call from many tasks at once."""

    def __init__(
        self,
        *,
        store: IndexStore,
        convenant: Convenant,
        clock: Callable[[], datetime],
        bounds: Bounds,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._convenant = convenant
        self._clock = clock
        self._bounds = bounds
        self._pause = pause
        # Whoever has a certificate of the trusted CA can ask: a stranger is on record once a period, not per call.
        self._strangers = Alarms(bounds.alarms.repeat)
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
                return await self._batcher.run(_Try(request=request, is_last=False))
            except NotFreshEnough:
                await self._pause(FRESHNESS_PAUSE_SECONDS)
        return await self._batcher.run(_Try(request=request, is_last=True))

    async def _answer_all(self, tries: Sequence[_Try]) -> Sequence[_Outcome]:
        try:
            outcomes = await self._settle(tries, hold=False)
        except QuotaExceeded:
            # Another process took what was left between the look at the meters and the charge, and nothing of the
            # batch was written. Again, and now nobody can.
            self._forget_strangers(tries)
            outcomes = await self._settle(tries, hold=True)
        except StoreUnavailable:
            self._forget_strangers(tries)
            raise
        self._name_the_exhausted([each.request for each in tries], outcomes)
        # Step 7.
        return outcomes

    def _forget_strangers(self, tries: Sequence[_Try]) -> None:
        """What was to be written about them was not."""
        for each in tries:
            self._strangers.forget(each.request.caller)

    async def _settle(self, tries: Sequence[_Try], *, hold: bool) -> Sequence[_Outcome]:
        async with self._store.transaction() as tx:
            setting = await self._look_around(tx, [each.request for each in tries], hold=hold)
            # Steps 1 to 3. Who does not get through them learns nothing, and has nothing read for it.
            settled = [self._let_in(each, setting) for each in tries]
            # Step 4, for all the others at once.
            let_in = [each.request for each, found in zip(tries, settled, strict=True) if found is None]
            facts = await _read(tx, let_in, day_of(setting.at))
            answers = iter([self._answer(request, setting, facts) for request in let_in])
            ended = [next(answers) if found is None else found for found in settled]
            await tx.meters.charge(setting.tally.charges, setting.at)
            # Step 6. The block ends with the commit: an error there reaches every caller instead of an answer.
            await tx.audit.append([each.record for each in ended if each.record is not None])
        return [each.outcome for each in ended]

    async def _look_around(
        self, tx: Transaction, requests: Sequence[LookupRequest], *, hold: bool
    ) -> _Setting:
        now = self._clock()
        partners = {partner.oin: partner for partner in await tx.partners.all()}
        askers = partners.keys() & {request.caller for request in requests}
        terms = {quota.key_of(asker): self._bounds.quota for asker in askers}
        terms |= {misses.key_of(asker): self._bounds.misses.of(asker) for asker in askers}
        standing = await tx.meters.standing(terms, hold=hold)
        beyond = {key: terms[key] for key, full_at in standing.items() if is_beyond(full_at, terms[key], now)}
        if beyond:
            await tx.meters.mend(beyond, now)
        return _Setting(
            at=now,
            partners=partners,
            reached=await tx.facts.position(),
            tally=Tally(standing, now),
        )

    def _let_in(self, each: _Try, setting: _Setting) -> _Ended | None:
        """Return nothing for a question that gets an answer; else why it gets none, and the record of that."""
        request = each.request
        caller = setting.partners.get(request.caller)
        try:
            asker = self._admit(request, caller)
            stale = request.at_least is not None and setting.reached < request.at_least
            if stale and not each.is_last:
                return _Ended(NotFreshEnough(_STALE), None)
            # Step 3: quota. After the wait for freshness, which asks again and must not pay again.
            Quota(self._bounds.quota, setting.tally).charge(asker.oin)
            if stale:
                record = self._refused(request, caller, NOT_FRESH_ENOUGH, setting.at)
                return _Ended(NotFreshEnough(_STALE), record)
            Misses(self._bounds.misses, setting.tally).require(asker.oin)
        except Refusal as refusal:
            is_named = caller is not None or self._strangers.is_due(request.caller, setting.at)
            record = self._refused(request, caller, _reason_of(refusal), setting.at)
            return _Ended(refusal, record if is_named else None)
        return None

    def _answer(self, request: LookupRequest, setting: _Setting, facts: _Facts) -> _Ended:
        asker = setting.partners[request.caller]
        missed = Misses(self._bounds.misses, setting.tally)
        try:
            # Once more: an earlier question of the batch may have taken the last one.
            missed.require(asker.oin)
        except MissesExhausted as refusal:
            return _Ended(refusal, self._refused(request, asker, _reason_of(refusal), setting.at))
        # Step 5: decide. The holders' kinds are those of the partners that the answer names.
        kinds = {partner.oin: partner.kind for partner in setting.partners.values() if partner.active}
        household = replace(facts.households[request.subject], kinds=kinds)
        decision = decide(self._convenant, _question(request, asker), household, on=day_of(setting.at))
        record = _answered(request, asker, decision, household, setting.at)
        lines = lines_of(decision.shown, setting.partners, subject=request.subject)
        missed.count(asker.oin, shown=lines, is_tied=(asker.oin, request.subject) in facts.ties)
        answer = Answer(involvements=lines, record_id=record.record_id, position=facts.position)
        return _Ended(answer, record)

    def _name_the_exhausted(self, requests: Sequence[LookupRequest], outcomes: Sequence[_Outcome]) -> None:
        exhausted = {
            request.caller
            for request, outcome in zip(requests, outcomes, strict=True)
            if isinstance(outcome, MissesExhausted)
        }
        for partner in sorted(exhausted):
            if self._bounds.alarms.is_due(partner, self._clock()):
                terms = self._bounds.misses.of(partner)
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
        self, request: LookupRequest, caller: Partner | None, reason: str, at: datetime
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
            reason=reason,
        )


def _reason_of(refusal: Refusal) -> str:
    return misses.EXHAUSTED if isinstance(refusal, MissesExhausted) else refusal.reason


async def _read(tx: Transaction, requests: Sequence[LookupRequest], day: date) -> _Facts:
    subjects = list(dict.fromkeys(request.subject for request in requests))
    households = await tx.facts.households(subjects, on=day)
    ties = await _ties(tx, requests, households, day)
    # After the facts, for a token that no later answer is staler than.
    return _Facts(households=households, ties=ties, position=await tx.facts.position())


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
