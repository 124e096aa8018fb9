"""The staff's own cases: which persons each professional may not ask about, as the staff declared them to the employer.

The list is the partner's. Nothing of it leaves this machine but the one word that a question is an own case.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from gateway.domain import Bsn
from gateway.errors import ConfigurationError, InvalidInput
from gateway.keyfiles import read_private
from gateway.rpc.fields import check_professional_id
from verwijsindex.v1 import common_pb2

COLUMNS = ["medewerker", "bsn"]
"""The heading of the file: the partner's own id of the professional, and one person a line."""

_Stamp = tuple[int, ...]
_Cases = Mapping[str, frozenset[Bsn]]


class StaffList:
    """Tells own cases by a file, which is read again when it changes; without a file by the professional's word alone.

    The file has mode 0600: it names members of households by their BSN. One that cannot be read or has a faulty line
    stops every question, since nobody can tell any more which of them are own cases.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: _Stamp | None = None
        self._cases: _Cases = {}

    def check(self) -> None:
        """Read the file if it is new or changed.

        Raises:
            ConfigurationError: it cannot be read, or a line breaks a rule; names the line, never a value.
            UnsafeConfigurationError: others than its owner have rights on it.

        """
        if self._path is None:
            return
        # Looked at before it is read: what is written in between makes another stamp the next time.
        stamp = _stamp_of(self._path)
        if stamp != self._stamp:
            self._cases = read_staff(self._path)
            self._stamp = stamp

    def own_case(self, said: common_pb2.OwnCase, *, professional: str, person: Bsn) -> common_pb2.OwnCase:
        """Return OWN_CASE_YES if the list names the professional with this person, else what was said.

        Raises:
            ConfigurationError: as `check`.

        """
        return common_pb2.OWN_CASE_YES if self.names(professional, person) else said

    def names(self, professional: str, person: Bsn) -> bool:
        """Tell whether the list names the professional with this person.

        Ids that differ in case or in spaces around them are the same professional: the list is not passed by a capital.

        Raises:
            ConfigurationError: as `check`.

        """
        self.check()
        return person in self._cases.get(_same(professional), ())


def read_staff(path: Path) -> _Cases:
    """Return the persons of each professional in a file of own cases (CSV, UTF-8, `;` between the columns).

    Raises:
        ConfigurationError: as `StaffList.check`.
        UnsafeConfigurationError: as `StaffList.check`.

    """
    try:
        text = read_private(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8") from None
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    cases: defaultdict[str, set[Bsn]] = defaultdict(set)
    try:
        if next(lines, None) != COLUMNS:
            raise ConfigurationError(f"{path} line 1: must be the heading {';'.join(COLUMNS)}")
        for fields in lines:
            if fields:
                professional, person = _read_line(fields)
                cases[professional].add(person)
    except InvalidInput as error:
        raise ConfigurationError(f"{path} line {lines.line_num}: {error.violations[0].rule}") from None
    except csv.Error:
        raise ConfigurationError(f"{path} line {lines.line_num}: is not CSV") from None
    return {professional: frozenset(persons) for professional, persons in cases.items()}


def _read_line(fields: list[str]) -> tuple[str, Bsn]:
    if len(fields) != len(COLUMNS):
        raise InvalidInput.at("line", f"must have {len(COLUMNS)} columns: {';'.join(COLUMNS)}")
    professional = _same(fields[0])
    # An id that no question can have would be an own case that nobody is ever kept from.
    check_professional_id(professional)
    return professional, Bsn(fields[1].strip())


def _same(professional: str) -> str:
    return professional.strip().casefold()


def _stamp_of(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError as error:
        raise ConfigurationError(f"own_case.staff: cannot read {path}: {error.strerror}") from None
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev)
