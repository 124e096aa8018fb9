"""The lookup, in the numbered steps of the design: nothing leaves before its audit record is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.agreement.admission import Admitted, admit, bound_kinds
from gateway.agreement.reading import AgreementReader, InForce, identity_of
from gateway.audit.model import AuditRecord
from gateway.breakglass.using import Use, check_use, use_of
from gateway.clock import day_of
from gateway.convenant.question import Question
from gateway.domain import Declaration, Oin, Partner
from gateway.errors import NotFreshEnough, NotPermitted, QuotaExceeded, Refusal, StoreUnavailable
from gateway.index.ports import IndexStore, Transaction
from gateway.lookup import events, misses, quota
from gateway.lookup.answer import Answer, LookupRequest
from gateway.lookup.batching import Batcher
from gateway.lookup.lines import lines_of
from gateway.lookup.misses import Misses, MissesExhausted, MissTerms
from gateway.lookup.pacing import Pacing
from gateway.lookup.quota import Quota
from gateway.lookup.reading import Known, read_known
from gateway.lookup.recording import answered, refused
from gateway.metering.bucket import is_beyond
from gateway.metering.ports import MeterTerms
from gateway.metering.tally import Tally
from gateway.telemetry.alarms import Alarms

LARGEST_BATCH = 64
"""Questions that share one read and one commit at most: bounds the time one batch takes."""

FIRST_FRESHNESS_PAUSE_SECONDS = 0.05
LONGEST_FRESHNESS_PAUSE_SECONDS = 1.0
"""How far apart the index is looked at for a token it has not reached: at first, and at most. It doubles each time."""

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
    """What is known before anything of a person is: who asks, under which convenant, and how far the index is.

    `reached` was read before the households: they are at least as fresh. `agreement` is None where no convenant is
    in force. `declarations` are those that the questions name.
    """

    at: datetime
    partners: Mapping[Oin, Partner]
    agreement: InForce | None
    declarations: Mapping[str, Declaration]
    reached: int
    tally: Tally

    @property
    def convenant(self) -> str:
        """Identity of the convenant in force; empty where none is."""
        return identity_of(self.agreement)


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a question ended, and its record; none for one that is tried again, or of a stranger who was named.

    `use` is what an answer under a break-glass declaration leaves behind.
    """

    outcome: _Outcome
    record: AuditRecord | None
    use: Use | None = None


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
        agreement: AgreementReader,
        clock: Callable[[], datetime],
        bounds: Bounds,
        pacing: Pacing,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._agreement = agreement
        self._clock = clock
        self._bounds = bounds
        self._pacing = pacing
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
            NotPermitted: the caller is switched off or has not signed, no convenant is in force, the role, mandate or
                purpose is unknown, it is the professional's own case, or the declaration does not hold.
            QuotaExceeded: the caller asked more than its quota, or has no misses left.
            NotFreshEnough: the index has not reached the request's position in time; nothing was decided.
            StoreUnavailable: the store or the log is away; nothing was answered.

        """
        # An answer and a refusal leave at a tick: how much work there was does not show in when they do.
        return await self._pacing.pace(self._ask(request))

    async def _ask(self, request: LookupRequest) -> Answer:
        loop = asyncio.get_running_loop()
        ends = loop.time() + request.patience_seconds
        for pause in freshness_pauses(request.patience_seconds):
            try:
                return await self._batcher.run(_Try(request=request, is_last=False))
            except NotFreshEnough:
                if loop.time() + pause >= ends:
                    break
                await self._pause(pause)
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
            let_in = [
                (each.request, found)
                for each, found in zip(tries, settled, strict=True)
                if isinstance(found, Admitted)
            ]
            known = await read_known(tx, [request for request, _ in let_in], day_of(setting.at))
            answers = iter([self._answer(request, asker, setting, known) for request, asker in let_in])
            ended = [next(answers) if isinstance(found, Admitted) else found for found in settled]
            await tx.meters.charge(setting.tally.charges, setting.at)
            await _write_uses(tx, [each.use for each in ended if each.use is not None])
            # Step 6. The block ends with the commit: an error there reaches every caller instead of an answer.
            await tx.audit.append([each.record for each in ended if each.record is not None])
        return [each.outcome for each in ended]

    async def _look_around(
        self, tx: Transaction, requests: Sequence[LookupRequest], *, hold: bool
    ) -> _Setting:
        now = self._clock()
        partners = {partner.oin: partner for partner in await tx.partners.all()}
        askers = partners.keys() & {request.caller for request in requests}
        named = {request.declaration for request in requests if request.declaration}
        return _Setting(
            at=now,
            partners=partners,
            agreement=await self._agreement.in_force(tx.agreements, now),
            declarations=await tx.declarations.find(named) if named else {},
            tally=await self._standing(tx, askers, now, hold=hold),
            reached=await tx.facts.position(),
        )

    async def _standing(self, tx: Transaction, askers: Set[Oin], now: datetime, *, hold: bool) -> Tally:
        terms = {quota.key_of(asker): self._bounds.quota for asker in askers}
        terms |= {misses.key_of(asker): self._bounds.misses.of(asker) for asker in askers}
        standing = await tx.meters.standing(terms, hold=hold)
        beyond = {key: terms[key] for key, full_at in standing.items() if is_beyond(full_at, terms[key], now)}
        if beyond:
            await tx.meters.mend(beyond, now)
        return Tally(standing, now)

    def _let_in(self, each: _Try, setting: _Setting) -> Admitted | _Ended:
        """Return a question's asker if it gets an answer; else why it gets none, and the record of that."""
        request = each.request
        caller = setting.partners.get(request.caller)
        try:
            admitted = _admit(request, caller, setting)
            stale = request.at_least is not None and setting.reached < request.at_least
            if stale and not each.is_last:
                return _Ended(NotFreshEnough(_STALE), None)
            # Step 3: quota. After the wait for freshness, which asks again and must not pay again.
            Quota(self._bounds.quota, setting.tally).charge(request.caller)
            if stale:
                record = _refused(request, NOT_FRESH_ENOUGH, setting)
                return _Ended(NotFreshEnough(_STALE), record)
            Misses(self._bounds.misses, setting.tally).require(request.caller)
        except Refusal as refusal:
            is_named = caller is not None or self._strangers.is_due(request.caller, setting.at)
            record = _refused(request, _reason_of(refusal), setting)
            return _Ended(refusal, record if is_named else None)
        return admitted

    def _answer(self, request: LookupRequest, asker: Admitted, setting: _Setting, known: Known) -> _Ended:
        missed = Misses(self._bounds.misses, setting.tally)
        try:
            # Once more: an earlier question of the batch may have taken the last one.
            missed.require(request.caller)
        except MissesExhausted as refusal:
            return _Ended(refusal, _refused(request, _reason_of(refusal), setting))
        # Step 5: decide. The holders' kinds are those of the partners that the answer names.
        kinds = bound_kinds(setting.partners.values(), asker.agreement)
        household = replace(known.households[request.subject], kinds=kinds)
        question = _question(request, asker.partner)
        decision = asker.agreement.engine.decide(question, household, on=day_of(setting.at))
        record = answered(request, asker.partner, decision, kinds, at=setting.at)
        lines = lines_of(decision.shown, setting.partners, subject=request.subject)
        missed.count(request.caller, shown=lines, is_tied=(request.caller, request.subject) in known.ties)
        use = None
        if request.declaration:
            use = use_of(setting.declarations[request.declaration], decision.verdicts, record)
        answer = Answer(involvements=lines, record_id=record.record_id, position=known.position)
        return _Ended(answer, record, use)

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


def freshness_pauses(patience_seconds: float) -> Iterator[float]:
    """Return the pauses between the tries of one question, in seconds: less than its patience in all.

    They double: what is nearly there is seen soon, and a token of what never comes costs one transaction a second.
    """
    pause, waited = FIRST_FRESHNESS_PAUSE_SECONDS, 0.0
    while waited + pause < patience_seconds:
        yield pause
        waited += pause
        pause = min(2 * pause, LONGEST_FRESHNESS_PAUSE_SECONDS)


def _admit(request: LookupRequest, caller: Partner | None, setting: _Setting) -> Admitted:
    # Step 1: the caller, and the convenant that binds it.
    admitted = admit(caller, setting.agreement)
    # Step 2: what the caller knows of itself.
    admitted.agreement.engine.check_asker(
        kind=admitted.partner.kind,
        role=request.professional.role,
        mandate=request.professional.mandate,
        purpose=request.purpose,
    )
    if request.own_case:
        raise NotPermitted("OWN_CASE", "the professional belongs to the household; a colleague may ask")
    if request.declaration:
        check_use(setting.declarations.get(request.declaration), request, setting.at)
    return admitted


def _refused(request: LookupRequest, reason: str, setting: _Setting) -> AuditRecord:
    caller = setting.partners.get(request.caller)
    return refused(request, caller, reason, convenant=setting.convenant, at=setting.at)


def _reason_of(refusal: Refusal) -> str:
    return misses.EXHAUSTED if isinstance(refusal, MissesExhausted) else refusal.reason


async def _write_uses(tx: Transaction, uses: Sequence[Use]) -> None:
    """Let what was shown in an emergency be known, together with the records of the answers."""
    if uses:
        await tx.declarations.used([each.use for each in uses])
        await tx.outgoing.add([notice for each in uses for notice in each.notices])


def _question(request: LookupRequest, asker: Partner) -> Question:
    return Question(
        asker=asker.oin,
        asker_kind=asker.kind,
        role=request.professional.role,
        mandate=request.professional.mandate,
        purpose=request.purpose,
        subject=request.subject,
        break_glass=bool(request.declaration),
    )
