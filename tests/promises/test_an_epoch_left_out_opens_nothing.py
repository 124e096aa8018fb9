"""The promise: who asks with one of a person's two pseudonyms is shown nothing that asking with both does not show."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.convenant.model import ConsentBasis, Convenant
from gateway.domain import ConsentEffect, Fact, Subject
from gateway.lookup.answer import Concern
from gateway.rpc.answers import write_answer
from tests.index.overlap_contract import (
    ALL_EPOCHS,
    NAMES,
    SOME_EPOCHS,
    family,
    known,
    pairing,
    said,
    secret,
    worlds,
)
from tests.lookup.support import EVERYTHING_BY_LAW, request, service, store_with
from tests.support.convenants import convenant, rule
from tests.support.sealed import OIN_POLITIE, person

ON_CONSENT = convenant(rule(basis=ConsentBasis()))
AGREEMENTS = st.sampled_from([EVERYTHING_BY_LAW, ON_CONSENT])
OWN = known(person("anna", *ALL_EPOCHS), partner=OIN_POLITIE, reference="own")
"""The police ask, and are involved with Anna themselves."""
ANNA_AND_BRAM = (
    OWN,
    family(person("anna", *ALL_EPOCHS), person("bram", *ALL_EPOCHS)),
    known(person("anna", *ALL_EPOCHS), reference="of-anna"),
    known(person("bram", *ALL_EPOCHS), reference="of-bram", desk="", since=OWN.since.replace(month=2)),
)


def shown(facts: Sequence[Fact], subject: Subject, agreement: Convenant = ON_CONSENT) -> set[bytes]:
    """Return the lines that the police are shown, each as it goes over the wire.

    All as if of the household: who leaves an epoch out can find the person itself as a member of it.
    """
    return asyncio.run(_shown(facts, subject, agreement))


async def _shown(facts: Sequence[Fact], subject: Subject, agreement: Convenant) -> set[bytes]:
    room = service(await store_with(*facts), agreement)
    answer = await room.ask(replace(request(OIN_POLITIE), subject=subject))
    lines = tuple(replace(line, concern=Concern.HOUSEHOLD) for line in answer.involvements)
    written = write_answer(replace(answer, involvements=lines))
    return {line.SerializeToString(deterministic=True) for line in written.involvements}


@pytest.mark.parametrize("asked", SOME_EPOCHS, ids=str)
@pytest.mark.parametrize("said_under", SOME_EPOCHS, ids=str)
def test_secrecy_is_not_lifted_by_an_epoch_left_out(
    said_under: tuple[int, ...], asked: tuple[int, ...]
) -> None:
    subject = person("anna", *asked)
    facts = (*ANNA_AND_BRAM, secret(person("anna", *said_under)))
    assert len(shown(ANNA_AND_BRAM, subject, EVERYTHING_BY_LAW)) == 2
    assert len(shown(facts, subject, EVERYTHING_BY_LAW)) == 1


@pytest.mark.parametrize("asked", SOME_EPOCHS, ids=str)
@pytest.mark.parametrize("said_under", SOME_EPOCHS, ids=str)
def test_an_objection_is_not_lifted_by_an_epoch_left_out(
    said_under: tuple[int, ...], asked: tuple[int, ...]
) -> None:
    subject, permit = person("anna", *asked), said(person("anna", *ALL_EPOCHS), ConsentEffect.PERMIT)
    objection = said(person("anna", *said_under), ConsentEffect.OBJECT, reference="objection")
    assert len(shown((*ANNA_AND_BRAM, permit), subject)) == 1
    assert shown((*ANNA_AND_BRAM, permit, objection), subject) == set()


@pytest.mark.parametrize("asked", [(1,), (1, 2)], ids=str)
def test_an_objection_counts_where_only_a_third_fact_names_both_pseudonyms(asked: tuple[int, ...]) -> None:
    facts = (
        known(person("anna", 1), partner=OIN_POLITIE, reference="own"),
        known(person("anna", 1)),
        said(person("anna", 1), ConsentEffect.PERMIT),
    )
    objection = said(person("anna", 2), ConsentEffect.OBJECT, reference="objection")
    both = pairing(person("anna", *ALL_EPOCHS))
    assert len(shown((*facts, *both), person("anna", *asked))) == 1
    assert shown((*facts, objection, *both), person("anna", *asked)) == set()


@settings(max_examples=500, deadline=None)
@given(facts=worlds(), agreement=AGREEMENTS, left_out=st.sampled_from(SOME_EPOCHS[:2]))
def test_with_one_pseudonym_nobody_is_shown_more_than_with_both(
    facts: list[Fact], agreement: Convenant, left_out: tuple[int, ...]
) -> None:
    """Every person is named under both epochs by some fact: else nothing can tell that the two are one."""
    permits = [
        said(
            person(name, *epochs), ConsentEffect.PERMIT, reference=f"permit-{name}-{len(epochs)}-{epochs[0]}"
        )
        for name in NAMES
        for epochs in SOME_EPOCHS
    ]
    world = [OWN, *facts, *permits, *pairing(*(person(name, *ALL_EPOCHS) for name in NAMES))]
    for name in NAMES:
        fewer, all_lines = (
            shown(world, person(name, *epochs), agreement) for epochs in (left_out, ALL_EPOCHS)
        )
        assert fewer <= all_lines
