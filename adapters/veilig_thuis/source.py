"""Reads a Veilig Thuis export: CSV with `;`, or XML in which every element with a `casusnr` child is a row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adapters.kit.csv_rows import read_csv
from adapters.kit.hardened_xml import DOUBLED, check_well_formed, child_texts, elements_with
from adapters.kit.model import SourceRecord, UnreadableRecord
from gateway.errors import InvalidInput

Row = dict[str, str]
"""The values of a row by column name, outer spaces removed; a column that is not there is absent."""

SEPARATOR = ";"
USED_COLUMNS = (
    "casusnr",
    "datum_melding",
    "meldertype",
    "meldingtype",
    "bsn",
    "rol",
    "veiligheidsbeoordeling_uitkomst",
    "dienst",
    "dienst_start",
    "dienst_eind",
    "overdracht_datum",
    "monitoring_start",
    "monitoring_eind",
    "contact_desk",
)
"""The columns a CSV export must have. The others of the schema are content: read over, and dropped."""

_MARK_BYTES = 64


def read_export(export: Path, *, charset: str) -> Iterator[SourceRecord[Row] | UnreadableRecord]:
    """Yield the rows of an export; its content, not its name, says whether it is XML.

    Raises:
        InvalidInput: the export as a whole cannot be read; nothing of it was yielded.

    """
    return _read_xml(export) if _is_xml(export) else _read_csv(export, charset)


def _read_csv(export: Path, charset: str) -> Iterator[SourceRecord[Row] | UnreadableRecord]:
    for row in read_csv(export, charset=charset, separator=SEPARATOR, required=USED_COLUMNS):
        place = f"line {row.line}"
        if row.values is None:
            error = InvalidInput.at("row", "must have as many columns as the header")
            yield UnreadableRecord(place=place, error=error)
        else:
            yield SourceRecord(place=place, content=row.values)


def _read_xml(export: Path) -> Iterator[SourceRecord[Row] | UnreadableRecord]:
    check_well_formed(export)
    for number, element in enumerate(elements_with(export, "casusnr"), start=1):
        row = child_texts(element)
        doubled = [name for name in USED_COLUMNS if row.get(name) == DOUBLED]
        if doubled:
            error = InvalidInput.at(doubled[0], "must occur once")
            yield UnreadableRecord(place=f"row {number}", error=error)
        else:
            yield SourceRecord(place=f"row {number}", content=row)


def _is_xml(export: Path) -> bool:
    with export.open("rb") as file:
        start = file.read(_MARK_BYTES)
    # A byte order mark and, in UTF-16, the zero bytes between the letters.
    return start.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<")
