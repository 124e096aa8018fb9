"""The promise, with the misses: what is left of them tells no more than the answers do.

An asker can find out whether a question was a miss: it asks until it is refused. So two indexes that give it the
same answers must also spend the same, whatever they hold that it may not see: withheld involvements, and household
links that others assert. The last tests break that on purpose and see the check fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.agreement.reading import AgreementReader
from gateway.convenant.engine import Engine
from gateway.convenant.model import Convenant
from gateway.convenant.question import Decision, Question, Verdict
from gateway.domain import Fact, HouseholdFacts, Oin, Subject
from gateway.errors import QuotaExceeded
from gateway.index.ports import Transaction
from gateway.lookup import reading
from gateway.lookup.answer import Answer, LookupRequest
from gateway.lookup.misses import Misses, MissTerms
from gateway.lookup.service import LookupService
from gateway.metering.ports import MeterTerms
from gateway.rpc.answers import write_answer
from gateway.rpc.status import status_of
from tests.lookup.support import NOW, bounds, no_pause, request, store_with
from tests.support.convenants import convenant, rule
from tests.support.fake_waking import UNPACED
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, household, involvement

POLICE_ONLY = convenant(rule(sources=frozenset({"politie"})))
INTAKE = convenant(rule(sources=frozenset({"politie"}), without_own_involvement=True))
AT_THE_EDGE = MissTerms(default=MeterTerms(per_hour=1, burst=1))
"""One miss is left: whoever asks twice is told whether the first question was one."""
STRANGER = "stranger"

OF_GGZ = involvement(OIN_GGZ, "anna")
WITHHELD: dict[str, Sequence[Fact]] = {
    "not permitted": [OF_GGZ],
    "shielded": [involvement(OIN_POLITIE, "anna", shielded=True)],
    "in a household": [household(OIN_GGZ, "anna", "bas"), involvement(OIN_GGZ, "bas")],
    "a household link to the asker's own client": [household(OIN_GGZ, "anna", "bas")],
    "such a link and its involvement": [
        household(OIN_GGZ, "anna", "bas"),
        involvement(OIN_GGZ, "bas"),
        OF_GGZ,
    ],
}
OWN_OF_BAS = involvement(OIN_VT, "bas")


async def told(facts: Sequence[Fact], agreement: Convenant, asked: Sequence[LookupRequest]) -> list[bytes]:
    """Return what leaves for each question in turn, receipts aside."""
    store = await store_with(*facts)
    store.agree(agreement)
    room = LookupService(
        store=store,
        agreement=AgreementReader(),
        clock=lambda: NOW,
        bounds=bounds(misses=AT_THE_EDGE),
        pause=no_pause,
        pacing=UNPACED,
    )
    outcomes: list[bytes] = []
    for question in asked:
        try:
            outcomes.append(_bytes_of(await room.ask(question)))
        except QuotaExceeded as refusal:
            outcomes.append(b"refused " + status_of(refusal).SerializeToString(deterministic=True))
    return outcomes


def _bytes_of(answer: Answer) -> bytes:
    message = write_answer(answer)
    message.ClearField("receipt")
    return bytes(message.SerializeToString(deterministic=True))


def check(withheld: Sequence[Fact], own: Sequence[Fact], agreement: Convenant) -> None:
    """Probe for a miss after a question about Anna, on an index with what is withheld and on one without."""
    asked = [request(who="anna"), request(who=STRANGER), request(who="anna"), request(who=STRANGER)]
    with_it = asyncio.run(told([*own, *withheld], agreement, asked))
    without = asyncio.run(told(own, agreement, asked))
    assert with_it == without


@pytest.mark.parametrize("agreement", [POLICE_ONLY, INTAKE], ids=["involved", "intake"])
@pytest.mark.parametrize("own", [[], [OWN_OF_BAS]], ids=["stranger", "involved with bas"])
@pytest.mark.parametrize("withheld", WITHHELD.values(), ids=WITHHELD)
def test_a_person_who_is_absent_and_one_who_is_withheld_spend_the_same_at_the_last_miss(
    withheld: Sequence[Fact], own: Sequence[Fact], agreement: Convenant
) -> None:
    check(withheld, own, agreement)


def test_the_probe_does_find_out_a_miss() -> None:
    """Otherwise the check above could not fail."""
    asked = [request(who="anna"), request(who=STRANGER)]
    stranger = asyncio.run(told([], POLICE_ONLY, asked))
    client = asyncio.run(told([involvement(OIN_VT, "anna")], POLICE_ONLY, asked))
    assert stranger[1].startswith(b"refused")
    assert not client[1].startswith(b"refused")


NAMES = ("anna", "bas", "carla")
others = st.one_of(
    st.builds(
        lambda partner, who, shielded, number: involvement(
            partner, who, shielded=shielded or partner == OIN_POLITIE, reference=f"ref-{number}"
        ),
        st.sampled_from([OIN_GGZ, OIN_POLITIE]),
        st.sampled_from(NAMES),
        st.booleans(),
        st.integers(0, 99),
    ),
    st.builds(
        lambda partner, who, number: household(partner, *sorted(who), reference=f"home-{number}"),
        st.sampled_from([OIN_GGZ, OIN_POLITIE]),
        st.sets(st.sampled_from(NAMES), min_size=2),
        st.integers(0, 99),
    ),
)
"""What others assert and the asker may never see: no involvement of the police that is not shielded."""
owns = st.one_of(
    st.builds(
        lambda who: involvement(OIN_VT, who),
        st.sampled_from(NAMES),
    ),
    st.builds(lambda who: household(OIN_VT, *sorted(who)), st.sets(st.sampled_from(NAMES), min_size=2)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(others, max_size=5), st.lists(owns, max_size=3), st.lists(st.sampled_from(NAMES), max_size=5))
def test_no_series_of_questions_tells_what_others_assert_and_withhold(
    withheld: list[Fact], own: list[Fact], series: list[str]
) -> None:
    asked = [request(who=who) for who in [*series, STRANGER]]
    with_it = asyncio.run(told([*own, *withheld], INTAKE, asked))
    assert with_it == asyncio.run(told(own, INTAKE, asked))


def test_the_check_fails_when_what_is_withheld_is_no_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts: list[Sequence[Verdict]] = []
    count, decide = Misses.count, Engine.decide

    def noting(self: Engine, asked: Question, known: HouseholdFacts, *, on: date) -> Decision:
        decision = decide(self, asked, known, on=on)
        verdicts.append(decision.verdicts)
        return decision

    def only_where_nothing_is_known(
        self: Misses, partner: Oin, *, shown: Sequence[object], is_tied: bool
    ) -> None:
        count(self, partner, shown=verdicts[-1], is_tied=is_tied)

    check([OF_GGZ], [], INTAKE)
    monkeypatch.setattr(Engine, "decide", noting)
    monkeypatch.setattr(Misses, "count", only_where_nothing_is_known)
    with pytest.raises(AssertionError):
        check([OF_GGZ], [], INTAKE)


def test_the_check_fails_when_a_household_of_somebody_else_makes_a_tie(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The household of the answer is made of everybody's assertions: the obvious test, and the wrong one."""

    async def by_the_household(
        _tx: Transaction,
        requests: Sequence[LookupRequest],
        households: Mapping[Subject, HouseholdFacts],
        _day: date,
    ) -> frozenset[tuple[Oin, Subject]]:
        return frozenset(
            (asked.caller, asked.subject)
            for asked in requests
            if any(fact.partner == asked.caller for fact in households[asked.subject].involvements)
        )

    link = [household(OIN_GGZ, "anna", "bas")]
    check(link, [OWN_OF_BAS], POLICE_ONLY)
    monkeypatch.setattr(reading, "_ties", by_the_household)
    with pytest.raises(AssertionError):
        check(link, [OWN_OF_BAS], POLICE_ONLY)
