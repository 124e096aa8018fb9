"""A decision about ten involvements under the example convenant, beside merely writing down its ten verdicts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import product

from gateway.convenant.engine import Engine
from gateway.convenant.question import Decision, Question, Verdict
from gateway.domain import ConsentEffect, ConsentFact, HouseholdFacts, Oin, PartnerKind, Reference
from tests.support.convenants import example
from tests.support.facts import consent, involvement, person

ON = date(2026, 6, 1)
ROUNDS, DECISIONS = 7, 3000
MOST_MILLISECONDS = 0.1
"""p95 of one decision about ten involvements: a lookup has a budget of milliseconds, and this is no part of it."""

MEMBERS = ("mother", "father", "child", "baby")
HOLDERS = (
    "veilig_thuis", "politie", "ggz", "jeugd_ggz", "huisarts",
    "jeugdhulp", "jeugdbescherming", "onderwijs", "jgz", "wijkteam",
)  # fmt: skip
ASKER = "wijkteam"


@dataclass(frozen=True)
class DecisionCost:
    """Seconds of one decision, of the first of a day (which compiles a table), and of only writing one down."""

    p50: float
    p95: float
    first: float
    written: float

    @property
    def is_fast(self) -> bool:
        """Tell whether the agreed bound is kept."""
        return self.p95 * 1000 < MOST_MILLISECONDS

    def __str__(self) -> str:
        return (
            f"decision on {len(HOLDERS)} involvements: p50 {1000 * self.p50:.3f} ms, p95 {1000 * self.p95:.3f} ms "
            f"(bound {MOST_MILLISECONDS} ms: {'kept' if self.is_fast else 'BROKEN'}), "
            f"first of a day {1000 * self.first:.2f} ms"
        )


def measure_decisions() -> DecisionCost:
    """Measure with consent asked about every involvement: the dearest question there is.

    In time of this thread, so that what else the machine does is not measured; of several rounds the median.
    """
    question, facts = _household()
    engine = Engine(example())
    first = _seconds(lambda: engine.decide(question, facts, on=ON))
    decision = engine.decide(question, facts, on=ON)
    assert len(decision.verdicts) == len(HOLDERS), "one verdict an involvement"
    assert len(decision.shown) > 1, "consent shows some"
    rounds = sorted(
        (_percentiles(lambda: engine.decide(question, facts, on=ON)) for _ in range(ROUNDS)),
        key=lambda each: each[1],
    )
    p50, p95 = rounds[ROUNDS // 2]
    return DecisionCost(p50=p50, p95=p95, first=first, written=_percentiles(lambda: _write(decision))[0])


def _household() -> tuple[Question, HouseholdFacts]:
    """Return ten involvements of ten kinds with four persons, and two statements of each person."""
    oins = {kind: Oin(f"000000991000000{number:03}00") for number, kind in enumerate(HOLDERS, 1)}
    everybody = frozenset(map(PartnerKind, example().kinds))
    said: list[ConsentFact] = []
    for who, effect in product(MEMBERS, (ConsentEffect.PERMIT, ConsentEffect.OBJECT)):
        # Everybody may be shown, except the police: each involvement meets both, and they are compared.
        scope = everybody if effect is ConsentEffect.PERMIT else frozenset({PartnerKind("politie")})
        said.append(
            consent(
                oins["jgz"],
                who,
                holder="ggz",
                asking=ASKER,
                reference=Reference(f"{who}-{effect}"),
                effect=effect,
                holder_kinds=scope,
                asking_kinds=everybody,
            )
        )
    known = [involvement(oin, MEMBERS[number % len(MEMBERS)]) for number, oin in enumerate(oins.values())]
    facts = HouseholdFacts(
        subject=person("child"),
        members=frozenset(map(person, MEMBERS)),
        involvements=tuple(known),
        consents=tuple(said),
        kinds={oin: PartnerKind(kind) for kind, oin in oins.items()},
    )
    question = Question(
        asker=oins[ASKER],
        asker_kind=PartnerKind(ASKER),
        role=min(example().kinds[PartnerKind(ASKER)].roles),
        mandate="eigen-taak",
        purpose="coordination-of-care",
        subject=facts.subject,
    )
    return question, facts


def _write(decision: Decision) -> Decision:
    """Make what any decision must make, with everything known beforehand."""
    verdicts = tuple(
        Verdict(
            involvement=each.involvement,
            shown=each.shown,
            rule=each.rule,
            basis=each.basis,
            consent=each.consent,
        )
        for each in decision.verdicts
    )
    return Decision(verdicts=verdicts, withheld_whole=None, convenant=decision.convenant)


def _percentiles(work: Callable[[], object]) -> tuple[float, float]:
    times = sorted(_seconds(work) for _ in range(DECISIONS))
    return times[DECISIONS // 2], times[DECISIONS * 95 // 100]


def _seconds(work: Callable[[], object]) -> float:
    started = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - started) / 1e9
