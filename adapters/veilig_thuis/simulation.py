"""Write a region's cases as a CSV export with full synthetic content, bad rows included."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapters.kit.region import Casus, Person, Region, personal_texts

COLUMNS = (
    "casusnr",
    "meldingnr",
    "datum_melding",
    "meldertype",
    "meldingtype",
    "bsn",
    "rol",
    "aard_geweld",
    "veiligheidsbeoordeling_datum",
    "veiligheidsbeoordeling_uitkomst",
    "dienst",
    "dienst_start",
    "dienst_eind",
    "overdracht_partij",
    "overdracht_datum",
    "monitoring_start",
    "monitoring_eind",
    "contact_desk",
    "toelichting",
    "indicatie_geheim",
    "afgeschermd",
)
PLANT = "PLANT-veilig_thuis"
MELDERTYPES = ("Justitie en veiligheid", "Gezondheidszorg", "Onderwijs", "Jeugdzorg", "GGZ")
MELDINGTYPES = ("eerste melding", "hermelding meerdere betrokkenen bekend")
INVALID_BSN = "999940003"
"""A number that fails the 11-test."""


def write_exports(region: Region, folder: Path) -> Sequence[str]:
    """Write `export.csv`; return the planted texts."""
    rows = [_row(casus, person, role) for casus in region.casus for person, role in casus.members]
    rows += _bad_rows(rows[0])
    lines = [";".join(COLUMNS), *(";".join(row[name] for name in COLUMNS) for row in rows)]
    (folder / "export.csv").write_text("\n".join(lines) + "\n", "utf-8")
    markers = [f"{PLANT}-{name}" for name in ("meldingnr", "aard_geweld", "overdracht_partij", "toelichting")]
    persons = {person for casus in region.casus for person, _ in casus.members}
    return [*markers, *personal_texts(persons)]


def _row(casus: Casus, person: Person, role: str) -> dict[str, str]:
    number = sum(map(ord, casus.number))
    closed = "" if casus.until is None else casus.until.isoformat()
    return {
        "casusnr": casus.number,
        "meldingnr": f"{PLANT}-meldingnr-{casus.number}",
        "datum_melding": casus.since.isoformat(),
        "meldertype": MELDERTYPES[number % len(MELDERTYPES)],
        "meldingtype": MELDINGTYPES[number % len(MELDINGTYPES)],
        "bsn": person.bsn,
        "rol": role,
        "aard_geweld": f"{PLANT}-aard_geweld huiselijk geweld",
        "veiligheidsbeoordeling_datum": casus.since.isoformat(),
        "veiligheidsbeoordeling_uitkomst": "acuut onveilig",
        "dienst": "Onderzoek",
        "dienst_start": casus.since.isoformat(),
        "dienst_eind": closed,
        "overdracht_partij": f"{PLANT}-overdracht_partij",
        "overdracht_datum": "",
        "monitoring_start": "",
        "monitoring_eind": "",
        "contact_desk": casus.desk,
        "toelichting": f"{PLANT}-toelichting {person.given} {person.surname} {person.address} {person.postcode}",
        "indicatie_geheim": "1" if casus.secret else "0",
        "afgeschermd": "J" if casus.shielded else "N",
    }


def _bad_rows(good: dict[str, str]) -> list[dict[str, str]]:
    """Rows as every real export has them: no BSN, a mistyped one, an unknown code, advice."""
    return [
        good | {"casusnr": "0000-000001", "bsn": ""},
        good | {"casusnr": "0000-000002", "bsn": INVALID_BSN},
        good | {"casusnr": "0000-000003", "meldertype": "Buurvrouw"},
        good | {"casusnr": "0000-000004", "dienst": "Advies"},
    ]
