"""What an operator is told to look at, and which signatures the directory still proves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.agreement.model import Act, ActKind, ConvenantVersion
from gateway.agreement.remarks import Remark, RemarkCode, last_day, remarks
from gateway.agreement.reverifying import unproved
from gateway.agreement.standing import State, standing
from gateway.convenant.reading import read_convenant
from gateway.domain import Partner
from tests.docs.pages import page
from tests.support.agreements import Signer, convenant_file
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
VT, GGZ, POLITIE = Signer(OIN_VT), Signer(OIN_GGZ), Signer(OIN_POLITIE)
PARTNERS = {each.oin: each.partner(NOON - timedelta(days=1)) for each in (VT, GGZ)}


def laid_down(version: str = "1.0", starts: date = date(2026, 3, 1), **head: str) -> ConvenantVersion:
    content = convenant_file(version=version, signatories=[OIN_VT], **head)
    return ConvenantVersion(
        convenant=read_convenant(content),
        content=content,
        starts=starts,
        laid_down_at=NOON - timedelta(days=1),
    )


def act(version: ConvenantVersion, signer: Signer = VT, kind: ActKind = ActKind.SIGN) -> Act:
    return Act(
        partner=signer.oin,
        content_hash=version.convenant.content_hash,
        kind=kind,
        at=NOON,
        kid=signer.kid,
        document=signer.document(version.convenant, NOON, kind=kind),
    )


def found(
    versions: Sequence[ConvenantVersion],
    acts: Sequence[Act],
    at: datetime = NOON,
    *,
    partners: Sequence[Partner] = tuple(PARTNERS.values()),
) -> tuple[Remark, ...]:
    directory = {partner.oin: partner for partner in partners}
    return remarks(standing(versions, acts, at), acts, directory, at)


def codes(*arguments: object, **options: object) -> list[str]:
    return [remark.code for remark in found(*arguments, **options)]  # type: ignore[arg-type]


V1 = laid_down()
SIGNED = [act(V1), act(V1, GGZ)]


def test_there_is_nothing_to_look_at_while_all_partners_are_bound_and_no_end_is_near() -> None:
    assert codes([V1], SIGNED) == []


def test_without_a_version_in_force_that_is_what_to_look_at() -> None:
    assert codes([], []) == ["none-in-force"]
    assert codes([V1], [*SIGNED, act(V1, kind=ActKind.REVOKE)]) == ["none-in-force"]


def test_a_partner_that_has_not_signed_is_named() -> None:
    [remark] = found([V1], SIGNED[:1])
    assert remark.code == "not-a-party"
    assert OIN_GGZ in remark.text


def test_a_partner_that_is_switched_off_need_not_have_signed() -> None:
    partners = [PARTNERS[OIN_VT], replace(PARTNERS[OIN_GGZ], active=False)]
    assert codes([V1], SIGNED[:1], partners=partners) == []


@pytest.mark.parametrize(("until", "expected"), [("2026-06-01", []), ("2026-05-31", ["ends-soon"])])
def test_an_end_within_ninety_days_is_named(until: str, expected: list[str]) -> None:
    version = laid_down(valid_until=until)
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert codes([version], [act(version), act(version, GGZ)], at) == expected


def test_an_end_with_a_successor_that_is_signed_is_not() -> None:
    version = laid_down(valid_until="2026-05-01")
    signed = [act(version), act(version, GGZ)]
    on_the_day, next_day = laid_down("2.0", date(2026, 5, 1)), laid_down("2.0", date(2026, 5, 2))
    assert codes([version, on_the_day], [*signed, act(on_the_day)]) == []
    assert codes([version, next_day], [*signed, act(next_day)]) == []
    gap = laid_down("2.0", date(2026, 5, 3))
    assert codes([version, gap], [*signed, act(gap)]) == ["ends-soon"]
    assert codes([version, on_the_day], signed) == ["ends-soon", "waiting"]


def test_the_last_day_is_the_day_before_a_scheduled_version_starts() -> None:
    successor = laid_down("2.0", date(2026, 5, 1))
    assert last_day(standing([V1], SIGNED, NOON)) == date(2026, 12, 31)
    assert last_day(standing([V1, successor], [*SIGNED, act(successor)], NOON)) == date(2026, 4, 30)
    assert last_day(standing([V1, successor], SIGNED, NOON)) == date(2026, 12, 31)
    assert last_day(standing([], [], NOON)) is None


def test_a_version_that_waits_names_who_must_sign_and_who_of_them_cannot() -> None:
    waiting = laid_down("2.0")
    assert codes([V1, waiting], SIGNED) == ["waiting"]
    assert codes([V1, waiting], SIGNED, partners=[PARTNERS[OIN_GGZ]])[:2] == ["waiting", "signatory-unknown"]


def test_what_the_directory_proves_is_no_remark() -> None:
    assert unproved(SIGNED, PARTNERS) == ()


def test_a_key_counts_as_it_did_when_the_document_was_accepted() -> None:
    over = {OIN_VT: VT.partner(NOON - timedelta(days=365))}
    assert unproved([act(V1)], over) == ()
    assert [each.act for each in unproved([act(V1)], {OIN_VT: VT.partner(NOON + timedelta(days=1))})] == [
        act(V1)
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"partner": OIN_GGZ},
        {"content_hash": "0" * 64},
        {"kind": ActKind.REVOKE},
        {"kid": "another"},
        {"document": b"{}"},
    ],
    ids="-".join,
)
def test_an_act_that_its_document_does_not_prove_is_named(changes: dict[str, object]) -> None:
    tampered = replace(act(V1), **changes)  # type: ignore[arg-type]
    assert [each.act for each in unproved([tampered], PARTNERS)] == [tampered]
    assert "unproved" in codes([V1], [*SIGNED, tampered])


def test_operators_can_read_what_every_remark_and_every_state_of_a_version_means() -> None:
    section = page("docs/operators/convenant.md").partition("## What to look at")[2]
    explained = set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))
    assert {code.value for code in (*RemarkCode, *State)} == explained


def test_an_act_of_an_organisation_without_a_key_in_the_directory_is_named() -> None:
    assert len(unproved([act(V1, POLITIE)], PARTNERS)) == 1
