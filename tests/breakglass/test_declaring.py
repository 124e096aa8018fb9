"""Declaring: on record, told and metered in one transaction, for whom the convenant lets, and for nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from gateway.audit.model import AuditEvent, AuditOutcome
from gateway.domain import Oin, Professional
from gateway.errors import NotPermitted, QuotaExceeded, Refusal, StoreUnavailable, Unauthenticated
from gateway.messages.notices import NoticeEvent
from tests.breakglass.support import ASKER, NOW, OIN_GGZ, OIN_VT, QUOTA, SEALER, TERMS, TEXT, Desk
from tests.support.convenants import PURPOSES, ROLES, break_glass, convenant, rule
from tests.support.sealed import person

OIN_STRANGER = Oin("00000099100000009900")


async def test_a_declaration_holds_what_was_declared_for_as_long_as_the_terms_say() -> None:
    desk = Desk()
    made = (await desk.declare()).declaration
    assert (made.partner, made.professional, made.purpose, made.ground) == (
        OIN_VT,
        ASKER,
        PURPOSES[0],
        "acute-danger",
    )
    assert made.subject == person("anna")
    assert made.expires_at == NOW + timedelta(minutes=TERMS.minutes)
    assert made.review_due == NOW + timedelta(days=TERMS.review_days)
    assert (made.review, made.escalated_at) == (None, None)
    assert await desk.standing(made) == made


async def test_it_is_on_record_and_the_askers_officers_are_told_in_the_same_transaction() -> None:
    desk = Desk()
    declared = await desk.declare()
    [record] = desk.records
    assert (record.event, record.outcome) == (AuditEvent.BREAK_GLASS, AuditOutcome.DONE)
    assert (record.reason, record.emergency) == ("acute-danger", declared.declaration.id)
    assert (record.professional, record.subject) == (ASKER, person("anna"))
    assert record.record_id == declared.record_id
    [notice] = desk.notices
    assert (notice.event, notice.recipient, notice.asker) == (NoticeEvent.DECLARED, OIN_VT, OIN_VT)
    assert (notice.occasion, notice.references) == (record.record_id, ())


async def test_without_a_commit_nothing_is_declared_told_or_charged() -> None:
    desk = Desk()
    desk.store.refuses_commit = True
    with pytest.raises(StoreUnavailable):
        await desk.declare()
    state = desk.store.state
    assert (state.declarations, state.audit, state.outgoing, state.full_at) == ((), (), (), {})


async def test_the_stated_text_stands_sealed_in_the_declaration_and_nowhere_else() -> None:
    desk = Desk()
    declared = await desk.declare()
    assert SEALER.open(declared.declaration.explanation, declaration=declared.declaration.id) == TEXT
    state = desk.store.state
    everything = repr(state) + "".join(
        f"{item.record.value!r}{dict(item.record.headers)!r}" for item in state.outgoing
    )
    assert "PLANTED" not in everything + repr(declared)
    assert "PLANTED" not in repr(replace(declared.declaration))


NOT_ALLOWED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("kind", {"kinds": frozenset({"ggz"})}, {}),
    ("role", {"roles": frozenset({ROLES[1]})}, {}),
    ("purpose", {"purposes": frozenset({PURPOSES[1]})}, {}),
    ("ground", {}, {"ground": "curiosity"}),
    ("basis", {"basis": replace(TERMS.basis, until=date(2026, 3, 1))}, {}),
    ("basis-not-yet", {"basis": replace(TERMS.basis, since=None)}, {}),
]


@pytest.mark.parametrize(
    ("terms", "asked"), [each[1:] for each in NOT_ALLOWED], ids=[e[0] for e in NOT_ALLOWED]
)
async def test_what_the_terms_do_not_let_is_refused_on_record(
    terms: dict[str, Any], asked: dict[str, Any]
) -> None:
    desk = Desk()
    desk.store.agree(convenant(break_glass=break_glass(**terms)))
    with pytest.raises(NotPermitted) as caught:
        await desk.declare(**asked)
    assert caught.value.reason == "BREAK_GLASS_NOT_ALLOWED"
    [record] = desk.records
    assert (record.event, record.outcome, record.reason, record.emergency) == (
        AuditEvent.BREAK_GLASS,
        AuditOutcome.REFUSED,
        "BREAK_GLASS_NOT_ALLOWED",
        "",
    )
    assert (desk.store.state.declarations, desk.notices) == ((), [])


async def test_a_convenant_without_terms_lets_nobody_declare() -> None:
    desk = Desk()
    desk.store.agree(convenant(rule()))
    with pytest.raises(NotPermitted, match="does not let"):
        await desk.declare()


async def _refused(desk: Desk, **changes: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await desk.declare(**changes)
    return caught.value


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"own_case": True}, "OWN_CASE"),
        ({"purpose": "curiosity"}, "UNKNOWN_PURPOSE"),
        ({"professional": Professional(id="m-1", role="directeur", mandate="eigen-taak")}, "UNKNOWN_ROLE"),
        ({"professional": Professional(id="m-1", role=ROLES[0], mandate="geen")}, "UNKNOWN_MANDATE"),
    ],
)
async def test_what_the_asker_knows_of_itself_is_refused_as_at_a_lookup(
    changes: dict[str, Any], reason: str
) -> None:
    desk = Desk()
    assert (await _refused(desk, **changes)).reason == reason
    assert [record.reason for record in desk.records] == [reason]


async def test_only_a_party_of_the_convenant_in_force_can_declare() -> None:
    desk = Desk()
    desk.store.agree(convenant(break_glass=TERMS), OIN_GGZ)
    assert (await _refused(desk)).reason == "NOT_A_PARTY"
    desk.store.state.acts = ()
    desk.store.state.agreed += 1
    assert (await _refused(desk)).reason == "NO_CONVENANT"
    assert [(record.reason, bool(record.convenant)) for record in desk.records] == [
        ("NOT_A_PARTY", True),
        ("NO_CONVENANT", False),
    ]


async def test_a_switched_off_partner_and_a_stranger_cannot_and_a_stranger_is_on_record_once_a_period() -> (
    None
):
    desk = Desk()
    off = desk.store.state.partners[OIN_VT]
    desk.store.state.partners[OIN_VT] = replace(off, active=False)
    assert (await _refused(desk)).reason == "PARTNER_INACTIVE"
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await desk.declare(caller=OIN_STRANGER)
    assert [record.organisation for record in desk.records] == [OIN_VT, OIN_STRANGER]
    desk.now += timedelta(hours=1)
    await _refused(desk, caller=OIN_STRANGER)
    assert len(desk.records) == 3


async def test_a_stranger_whose_record_was_not_written_is_put_on_record_the_next_time() -> None:
    desk = Desk()
    desk.store.refuses_commit = True
    with pytest.raises(StoreUnavailable):
        await desk.declare(caller=OIN_STRANGER)
    desk.store.refuses_commit = False
    await _refused(desk, caller=OIN_STRANGER)
    assert [record.organisation for record in desk.records] == [OIN_STRANGER]


async def test_a_partner_that_declares_too_often_is_refused_on_record_until_time_has_passed() -> None:
    desk = Desk()
    for _ in range(QUOTA.burst):
        await desk.declare()
    with pytest.raises(QuotaExceeded) as caught:
        await desk.declare()
    assert caught.value.retry_after_seconds == 3600 / QUOTA.per_hour
    assert desk.records[-1].reason == "QUOTA_EXCEEDED"
    assert len(desk.store.state.declarations) == QUOTA.burst
    await desk.declare(caller=OIN_GGZ)
    desk.now += timedelta(seconds=caught.value.retry_after_seconds)
    await desk.declare()


async def test_a_meter_of_a_clock_that_ran_ahead_is_put_right() -> None:
    desk = Desk()
    desk.now += timedelta(days=200)
    await desk.declare(caller=OIN_GGZ)
    desk.now = NOW
    await _refused(desk, caller=OIN_GGZ)
    desk.now += timedelta(hours=1)
    await desk.declare(caller=OIN_GGZ)


async def test_what_is_refused_costs_none_of_the_quota() -> None:
    desk = Desk()
    for _ in range(QUOTA.burst + 1):
        await _refused(desk, own_case=True)
    await desk.declare()


async def test_no_line_of_the_log_holds_the_text_or_the_professional(
    capsys: pytest.CaptureFixture[str],
) -> None:
    await Desk().declare()
    logged = capsys.readouterr().err
    assert '"event": "break-glass.declared"' in logged
    assert "PLANTED" not in logged
    assert ASKER.id not in logged
