"""Maps a row of a Veilig Thuis export to an involvement and a household membership; everything else is dropped.

What leaves: that Veilig Thuis is involved with the person, since and until when, its contact desk, and who
belongs together in the casus. The reporter, the kind of violence, the role of victim or perpetrator, the
service and the outcome of the safety assessment are checked and dropped.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from adapters.kit.dates import in_order, not_after, parse_date, parse_optional_date
from adapters.kit.fields import contact_desk, parse_flag, parse_secrecy_indication
from adapters.kit.manifest import Manifest
from adapters.kit.model import InvolvementDraft, LeftOut, Mapped, MembershipDraft, WithoutBsn
from adapters.veilig_thuis.options import VeiligThuisOptions
from adapters.veilig_thuis.source import Row
from gateway.domain import Bsn, Phase
from gateway.errors import InvalidInput

ADVICE = "Advies"
HANDED_OVER = "Overdracht"
CHILD_ROLE = "kind"
CHILD = "CHILD"
"""HL7 v3-RoleCode: the only role of a casus that says something about a household."""

LONGEST_NUMBER = 64


class End(NamedTuple):
    """The end of an involvement, and the field that gives it."""

    day: date | None
    field: str


def map_row(row: Row, *, manifest: Manifest, options: VeiligThuisOptions, today: date) -> Mapped:
    """Return the drafts of one row; pure.

    Advice registers nobody, whatever else the row says.

    Raises:
        WithoutBsn: the person has no BSN.
        InvalidInput: a field breaks a rule.

    """
    service = _code(row, "dienst", manifest) if row.get("dienst") else ""
    if service == ADVICE:
        return Mapped(left_out=LeftOut.ADVICE_ONLY)
    case = _case_number(row)
    role = _code(row, "rol", manifest)
    _check_dropped_codes(row, manifest)
    since = not_after(_day(row, "datum_melding"), today, path="datum_melding")
    end = _end(row, service)
    in_order(since, end.day, path=end.field)
    _check_service_dates(row, today)
    secret = parse_secrecy_indication(row.get("indicatie_geheim", ""), path="indicatie_geheim")
    shielded = parse_flag(row.get("afgeschermd", ""), path="afgeschermd")
    desk = contact_desk(
        row.get("contact_desk", ""),
        path="contact_desk",
        default=options.desk or manifest.default_desk,
        neutral=options.neutral_desks,
    )
    bsn = _person(row, case)
    return Mapped(
        drafts=(
            InvolvementDraft(
                key=f"{case}:{bsn.reveal()}",
                bsn=bsn,
                phase=_phase(service, end.day, today),
                since=since,
                until=end.day,
                desk=desk,
                shielded=shielded,
            ),
            MembershipDraft(
                household=case,
                bsn=bsn,
                role=CHILD if role == CHILD_ROLE else None,
                secret=secret,
                closed=end.day,
            ),
        )
    )


def _phase(service: str, end: date | None, today: date) -> Phase:
    if end is not None and end <= today:
        return Phase.ENDED
    return Phase.ACTIVE if service else Phase.PROVISIONAL


def _end(row: Row, service: str) -> End:
    """Return where the involvement ends: after the monitoring where there is one, else with the service.

    A casus that was handed over ends with the handover.
    """
    if row.get("monitoring_start") or row.get("monitoring_eind"):
        return End(_optional_day(row, "monitoring_eind"), "monitoring_eind")
    if service == HANDED_OVER and row.get("overdracht_datum"):
        return End(_optional_day(row, "overdracht_datum"), "overdracht_datum")
    return End(_optional_day(row, "dienst_eind"), "dienst_eind")


def _check_service_dates(row: Row, today: date) -> None:
    for start_field, end_field in (("dienst_start", "dienst_eind"), ("monitoring_start", "monitoring_eind")):
        start = _optional_day(row, start_field)
        if start is not None:
            in_order(start, _optional_day(row, end_field), path=end_field)
    start = _optional_day(row, "dienst_start")
    if start is not None:
        # Monitoring is planned ahead; a service is recorded when it starts.
        not_after(start, today, path="dienst_start")
    _optional_day(row, "overdracht_datum")


def _check_dropped_codes(row: Row, manifest: Manifest) -> None:
    """Check the coded fields that say nothing here: an unknown code means another schema than this one."""
    for field in ("meldertype", "meldingtype"):
        _code(row, field, manifest)
    if row.get("veiligheidsbeoordeling_uitkomst"):
        _code(row, "veiligheidsbeoordeling_uitkomst", manifest)


def _case_number(row: Row) -> str:
    case = row.get("casusnr", "")
    if not case or len(case) > LONGEST_NUMBER:
        raise InvalidInput.at("casusnr", f"must be a number of 1 to {LONGEST_NUMBER} characters")
    return case


def _person(row: Row, case: str) -> Bsn:
    text = row.get("bsn", "")
    if not text:
        raise WithoutBsn("bsn", key=case)
    return Bsn(text, path="bsn")


def _code(row: Row, field: str, manifest: Manifest) -> str:
    return manifest.code(row.get(field, ""), field=field)


def _day(row: Row, field: str) -> date:
    return parse_date(row.get(field, ""), path=field)


def _optional_day(row: Row, field: str) -> date | None:
    return parse_optional_date(row.get(field, ""), path=field)
