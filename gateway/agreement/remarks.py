"""What somebody should look at in the agreement as it stands, with stable codes and an explanation in Dutch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from gateway.agreement.model import Act
from gateway.agreement.reverifying import unproved
from gateway.agreement.standing import Standing, State, VersionStanding
from gateway.clock import day_of
from gateway.domain import Oin, Partner
from gateway.domain.dutch import dutch_day

SOON = timedelta(days=90)
"""An end this near needs a successor now: partners take about a quarter to agree on one."""


class RemarkCode(StrEnum):
    """What there is to look at; `docs/operators/convenant.md` says what to do."""

    NONE_IN_FORCE = "none-in-force"
    ENDS_SOON = "ends-soon"
    NOT_A_PARTY = "not-a-party"
    WAITING = "waiting"
    SIGNATORY_UNKNOWN = "signatory-unknown"
    UNPROVED = "unproved"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to look at, explained in Dutch."""

    code: RemarkCode
    text: str


def remarks(
    stands: Standing, acts: Sequence[Act], partners: Mapping[Oin, Partner], at: datetime
) -> tuple[Remark, ...]:
    """Return everything to look at at that moment: what is in force, what is to come, then what does not verify."""
    return (
        *_in_force(stands, partners, day_of(at)),
        *_to_come(stands, partners),
        *_proofs(stands, acts, partners),
    )


def last_day(stands: Standing) -> date | None:
    """Return the last day on which the version in force counts as things stand; None where none is."""
    current = stands.in_force
    if current is None:
        return None
    return min([current.version.convenant.valid_until, *_days_before_scheduled(stands)])


def _days_before_scheduled(stands: Standing) -> Iterator[date]:
    for each in stands.versions:
        if each.state is State.SCHEDULED and each.effect is not None:
            yield day_of(each.effect) - timedelta(days=1)


def _in_force(stands: Standing, partners: Mapping[Oin, Partner], today: date) -> Iterator[Remark]:
    current = stands.in_force
    if current is None:
        yield Remark(RemarkCode.NONE_IN_FORCE, "Er is geen convenant van kracht: elke vraag wordt geweigerd.")
        return
    until = current.version.convenant.valid_until
    is_followed = any(day <= until for day in _days_before_scheduled(stands))
    if until - today <= SOON and not is_followed:
        yield Remark(
            RemarkCode.ENDS_SOON,
            f"{_name(current)} geldt tot en met {dutch_day(until)}, en er staat geen opvolger klaar.",
        )
    for partner in sorted(partners.values(), key=lambda each: each.oin):
        if partner.active and partner.oin not in current.parties:
            yield Remark(
                RemarkCode.NOT_A_PARTY,
                f"{partner.name} ({partner.oin}) heeft {_name(current)} niet getekend: kan niets vragen, en is "
                "voor niemand zichtbaar.",
            )


def _to_come(stands: Standing, partners: Mapping[Oin, Partner]) -> Iterator[Remark]:
    for each in stands.versions:
        if each.state is not State.WAITING:
            continue
        yield Remark(
            RemarkCode.WAITING,
            f"{_name(each)} wacht op ondertekening door {', '.join(sorted(each.missing))}.",
        )
        for oin in sorted(each.missing):
            partner = partners.get(oin)
            if partner is None or not partner.active:
                yield Remark(
                    RemarkCode.SIGNATORY_UNKNOWN,
                    f"{oin} moet {_name(each)} tekenen, en is geen actieve partner.",
                )


def _proofs(stands: Standing, acts: Sequence[Act], partners: Mapping[Oin, Partner]) -> Iterator[Remark]:
    names = {each.version.convenant.content_hash: _name(each) for each in stands.versions}
    for found in unproved(acts, partners):
        version = names.get(found.act.content_hash, "een onbekende versie")
        yield Remark(
            RemarkCode.UNPROVED,
            f"Wat {found.act.partner} op {dutch_day(day_of(found.act.at))} over {version} verklaarde, is niet te "
            f"bewijzen: {found.rule}",
        )


def _name(each: VersionStanding) -> str:
    return f"{each.version.convenant.name} {each.version.convenant.version}"
