"""Separated text exports: strict about charset and columns, and a row that is cut off spoils no other row."""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import InvalidInput

LONGEST_ROW_LINES = 500
"""A quoted text may hold line ends; what runs on longer than this is an unclosed quote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvRow:
    """One row: the number of its first line, and its values by column; `values` is None for a broken row."""

    line: int
    values: dict[str, str] | None = field(repr=False)


def read_csv(
    export: Path, *, charset: str, separator: str, required: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[CsvRow]:
    """Yield the rows of an export whose first line names the columns, in any order and letter case.

    A byte order mark and spaces around names and values are free; columns besides these are read too. Empty lines are
    no rows. A row with another number of columns than the header has `values` None.

    Raises:
        InvalidInput: before the first row: a byte that is not of the charset (with the line), a required
            column that is missing, or a required or optional one that occurs twice.

    """
    _check_charset(export, charset)
    with export.open(encoding=_with_mark(charset), newline="") as file:
        lines = _Lines(file)
        header = _header(lines, separator, required, optional)
        while (start := lines.next_line()) is not None:
            if start.strip():
                yield _row(lines, start, header, separator)


class _Lines:
    """Physical lines with their number, that can be given back."""

    def __init__(self, file: Iterator[str]) -> None:
        self._file = file
        self._returned: deque[str] = deque()
        self.number = 0

    def next_line(self) -> str | None:
        line = self._returned.popleft() if self._returned else next(self._file, None)
        self.number += line is not None
        return line

    def give_back(self, lines: Sequence[str]) -> None:
        self._returned.extendleft(reversed(lines))
        self.number -= len(lines)


def _row(lines: _Lines, start: str, header: Sequence[str], separator: str) -> CsvRow:
    number, taken = lines.number, [start]
    while sum(line.count('"') for line in taken) % 2 and len(taken) <= LONGEST_ROW_LINES:
        following = lines.next_line()
        if following is None:
            break
        taken.append(following)
    values = _values(taken, header, separator)
    if values is None and len(taken) > 1:
        # An unclosed quote has swallowed the rows after it: give them back, judge the first line alone.
        lines.give_back(taken[1:])
        values = _values([start], header, separator)
    return CsvRow(line=number, values=values)


def _values(lines: Sequence[str], header: Sequence[str], separator: str) -> dict[str, str] | None:
    try:
        rows = list(csv.reader(lines, delimiter=separator))
    except csv.Error:
        return None
    cells = rows[0] if len(rows) == 1 else []
    if len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
        return None
    return {name: cell.strip() for name, cell in zip(header, cells, strict=False)}


def _header(lines: _Lines, separator: str, required: Sequence[str], optional: Sequence[str]) -> Sequence[str]:
    cells = next(csv.reader([lines.next_line() or ""], delimiter=separator), [])
    header = [cell.strip().casefold() for cell in cells]
    while header and not header[-1]:
        header.pop()
    missing = [name for name in required if name not in header]
    if missing:
        raise InvalidInput.at(
            "file line 1", f"must name the columns, separated by {separator}; missing: {', '.join(missing)}"
        )
    doubled = [name for name in (*required, *optional) if header.count(name) > 1]
    if doubled:
        raise InvalidInput.at("file line 1", f"must name each column once; doubled: {', '.join(doubled)}")
    return header


def _check_charset(export: Path, charset: str) -> None:
    decoder = codecs.getincrementaldecoder(_with_mark(charset))()
    try:
        with export.open("rb") as file:
            while chunk := file.read(1 << 16):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        line = _line_of_first_error(export, charset)
        raise InvalidInput.at(f"file line {line}", f"must be text in {charset}") from None


def _line_of_first_error(export: Path, charset: str) -> int:
    content = export.read_bytes()
    try:
        content.decode(_with_mark(charset))
    except UnicodeDecodeError as error:
        return content[: error.start].decode(charset, "replace").count("\n") + 1
    except UnicodeError:
        return 1
    return 1


def _with_mark(charset: str) -> str:
    return "utf-8-sig" if codecs.lookup(charset).name == "utf-8" else charset
