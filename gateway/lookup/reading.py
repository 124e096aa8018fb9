"""What the index holds about the persons in a batch of questions, read once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from gateway.domain import HouseholdFacts, Oin, Subject
from gateway.index.ports import Transaction
from gateway.lookup.answer import LookupRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the index holds about the persons in a batch. `position` was read last: nothing here is fresher."""

    households: Mapping[Subject, HouseholdFacts]
    ties: frozenset[tuple[Oin, Subject]]
    """Who of the askers is involved with whom by its own registrations alone."""
    position: int


async def read_known(tx: Transaction, requests: Sequence[LookupRequest], day: date) -> Known:
    """Read the households of everybody asked about, and who of the askers is tied to whom."""
    subjects = list(dict.fromkeys(request.subject for request in requests))
    households = await tx.facts.households(subjects, on=day)
    ties = await _ties(tx, requests, households, day)
    # After the facts, for a token that no later answer is staler than.
    return Known(households=households, ties=ties, position=await tx.facts.position())


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
