"""`convenant explain --record`: what was recorded then, explained with the facts of now, on record itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.audit.officers import officer_named
from gateway.cli.convenant_recorded import Retold, print_retold, retell, retold_as_json
from gateway.clock import dutch_time
from gateway.convenant.model import ConsentBasis
from gateway.domain import ConsentEffect, Phase, Reference
from gateway.domain.dutch import dutch_day
from gateway.errors import ConfigurationError, InvalidInput, NotPermitted
from tests.lookup.support import NOW, add, request, service, store_with
from tests.support.convenants import GGZ, OIN_WIJKTEAM, VEILIG_THUIS, convenant, rule
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import (
    OIN_GGZ,
    OIN_POLITIE,
    OIN_VT,
    consent,
    household,
    involvement,
    message,
    person,
)

BY_LAW = convenant(rule())
BY_CONSENT = convenant(rule(basis=ConsentBasis()))
OWN = involvement(OIN_VT, "anna")
READER = officer_named("fg-1")
OTHER = involvement(OIN_GGZ, "anna")


async def asked(store: FakeIndexStore, agreement: Any = BY_LAW) -> str:
    return (await service(store, agreement).ask(request())).record_id


async def told(store: FakeIndexStore, record_id: str) -> Retold:
    return await retell(store, record_id, at=NOW + timedelta(days=1), reader=READER)


async def test_with_the_facts_unchanged_the_explanation_is_what_was_recorded() -> None:
    store = await store_with(OWN, OTHER, household(OIN_VT, "anna", "bas"), involvement(OIN_POLITIE, "bas"))
    found = await told(store, await asked(store))
    assert found.differences == ()
    assert found.explanation is not None
    assert [
        (each.involvement.partner, each.involvement.reference, each.shown, each.rule, each.basis)
        for each in found.explanation.involvements
    ] == [(each.partner, each.reference, each.shown, each.rule, each.basis) for each in found.record.verdicts]
    assert len(found.record.verdicts) == 3


async def test_reading_it_is_on_record_also_where_there_is_no_such_record() -> None:
    store = await store_with(OWN, OTHER)
    await told(store, await asked(store))
    with pytest.raises(InvalidInput, match="record: the access log has no record with this id"):
        await told(store, "no-such-record")
    assert [(each.event, each.professional, each.reason) for each in store.state.audit[1:]] == [
        (AuditEvent.LOG_ACCESS, READER, "explained")
    ] * 2


async def test_it_is_explained_under_the_version_that_decided_and_not_the_one_in_force_now() -> None:
    store = await store_with(OWN, OTHER)
    record_id = await asked(store)
    versions, acts = store.state.convenants, store.state.acts
    store.agree(replace(convenant(), version="2", content_hash="1" * 64))
    store.state.convenants = (*versions, *store.state.convenants)
    store.state.acts = (*acts, *store.state.acts)
    found = await told(store, record_id)
    assert found.convenant is not None
    assert found.convenant.version == "1"
    assert found.differences == ()


async def test_an_involvement_that_ended_and_one_that_came_are_told() -> None:
    store = await store_with(OWN, OTHER)
    record_id = await asked(store)
    ended = replace(OTHER, phase=Phase.ENDED, until=NOW.date())
    async with store.transaction() as tx:
        await tx.facts.save(message(ended, recorded_at=NOW + timedelta(hours=1)))
    await add(store, involvement(OIN_POLITIE, "anna"))
    gone, new = (await told(store, record_id)).differences
    assert gone.startswith("ggz (synthetic), kenmerk ref-0200-anna: toen getoond (R-1)")
    assert "nu kent de index deze betrokkenheid hier niet" in gone
    assert new == "politie (synthetic), kenmerk ref-0300-anna: toen niet bekend; nu getoond (R-1)."


async def test_an_objection_that_came_later_is_told_as_another_outcome() -> None:
    agreed = consent(OIN_WIJKTEAM, "anna", holder=GGZ, asking=VEILIG_THUIS, reference=Reference("c-1"))
    store = await store_with(OWN, OTHER, agreed)
    record_id = await asked(store, BY_CONSENT)
    assert (await told(store, record_id)).differences == ()
    await add(store, replace(agreed, effect=ConsentEffect.OBJECT, reference=Reference("b-1")))
    [difference] = (await told(store, record_id)).differences
    assert difference.endswith("toen getoond (R-1); nu niet getoond (objection).")


async def test_consent_that_had_lapsed_is_told_with_its_last_day() -> None:
    day = NOW.date()
    over = consent(
        OIN_WIJKTEAM,
        "anna",
        holder=GGZ,
        asking=VEILIG_THUIS,
        reference=Reference("c-1"),
        since=day - timedelta(days=9),
        until=day - timedelta(days=1),
    )
    store = await store_with(OWN, OTHER, over)
    found = await told(store, await asked(store, BY_CONSENT))
    assert found.differences == ()
    assert found.explanation is not None
    [_, held] = found.explanation.involvements
    assert held.text.endswith(f"toestemming c-1 gold tot en met {dutch_day(day - timedelta(days=1))}.")


async def test_another_consent_with_the_same_outcome_is_told() -> None:
    agreed = consent(OIN_WIJKTEAM, "anna", holder=GGZ, asking=VEILIG_THUIS, reference=Reference("c-2"))
    store = await store_with(OWN, OTHER, agreed)
    record_id = await asked(store, BY_CONSENT)
    await add(store, replace(agreed, reference=Reference("c-1")))
    [difference] = (await told(store, record_id)).differences
    assert "een andere toestemming of een ander bezwaar beslist" in difference


async def test_a_partner_that_was_switched_off_is_told() -> None:
    store = await store_with(OWN, OTHER)
    record_id = await asked(store)
    store.state.partners[OIN_GGZ] = replace(store.state.partners[OIN_GGZ], active=False)
    [difference] = (await told(store, record_id)).differences
    assert difference.endswith("toen getoond (R-1); nu niet getoond (unknown-partner).")


async def test_a_refused_question_was_not_decided() -> None:
    store = await store_with(OWN, OTHER)
    with pytest.raises(NotPermitted):
        await service(store).ask(request(purpose="curiosity"))
    [refused] = store.state.audit
    found = await told(store, refused.record_id)
    assert (found.explanation, found.record.outcome) == (None, AuditOutcome.REFUSED)
    assert retold_as_json(found)["explanation"] is None


async def test_a_record_that_is_no_question_or_of_a_lost_convenant_is_said_to_be() -> None:
    store = await store_with(OWN, OTHER)
    record_id = await asked(store)
    await told(store, record_id)
    access = store.state.audit[-1].record_id
    store.state.convenants = ()
    with pytest.raises(InvalidInput, match="record: this record of the access log is of no question"):
        await told(store, access)
    with pytest.raises(ConfigurationError, match="the convenant that decided the question is not in"):
        await told(store, record_id)


async def test_partners_are_named_and_persons_and_professionals_are_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = await store_with(OWN, OTHER, household(OIN_VT, "anna", "bas"), involvement(OIN_POLITIE, "bas"))
    found = await told(store, await asked(store))
    print_retold(found, show_all=True)
    printed = capsys.readouterr().out
    assert f"Vastgelegd als {found.record.record_id}, op {dutch_time(NOW, seconds=True)}\n" in printed
    printed += json.dumps(retold_as_json(found))
    assert "ggz (synthetic), kenmerk ref-0200-anna (bij de gevraagde persoon)" in printed
    assert "politie (synthetic), kenmerk ref-0300-bas (bij een ander in het huishouden)" in printed
    assert "De feiten van nu geven dezelfde uitkomst als toen." in printed
    for secret in (person("anna"), person("bas")):
        for pseudonym in secret.pseudonyms:
            assert pseudonym.reveal().hex() not in printed
    assert "medewerker-1" not in printed


async def test_a_question_on_record_without_a_person_is_not_explained() -> None:
    store = await store_with(OWN)
    bare = AuditRecord(at=NOW, event=AuditEvent.LOOKUP, outcome=AuditOutcome.EMPTY)
    async with store.transaction() as tx:
        await tx.audit.append([bare])
    assert (await told(store, bare.record_id)).explanation is None
