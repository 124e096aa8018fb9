"""Rows of Veilig Thuis exports for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

COLUMNS = [
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
]

GOOD = dict.fromkeys(COLUMNS, "") | {
    "casusnr": "C-1",
    "datum_melding": "2024-02-05",
    "meldertype": "Onderwijs",
    "meldingtype": "eerste melding",
    "bsn": "999993653",
    "rol": "slachtoffer",
    "dienst": "Onderzoek",
    "dienst_start": "2024-02-10",
    "contact_desk": "frontoffice",
}


def row(**values: str) -> dict[str, str]:
    """Return a good row with some other values."""
    return GOOD | values


def csv_of(rows: Iterable[Mapping[str, str]], *, columns: Iterable[str] = COLUMNS) -> str:
    """Return rows as an export."""
    names = list(columns)
    lines = [";".join(names), *(";".join(values.get(name, "") for name in names) for values in rows)]
    return "\n".join(lines) + "\n"


def xml_of(rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows of plain values as an XML export."""
    body = "".join(
        "<rij>" + "".join(f"<{name}>{value}</{name}>" for name, value in values.items()) + "</rij>"
        for values in rows
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><export>{body}</export>'
