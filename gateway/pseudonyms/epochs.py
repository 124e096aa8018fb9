"""The epochs of the pseudonym key as everybody may know them: number, public key, from when, until when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise

from gateway import strict_json
from gateway.domain import LAST_EPOCH
from gateway.errors import InvalidInput
from gateway.pseudonyms import group

_FIELDS = frozenset({"epoch", "public_key", "valid_from", "valid_until"})
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


class EpochState(StrEnum):
    """Where an epoch stands at a moment."""

    ANNOUNCED = "announced"
    CURRENT = "current"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicEpoch:
    """One epoch. Times know their zone; `valid_from` is the first moment, `valid_until` the first one after the end.

    `valid_until` is None while no end is known: an epoch never ends by itself.
    """

    epoch: int
    public_key: bytes
    valid_from: datetime
    valid_until: datetime | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.epoch <= LAST_EPOCH:
            raise InvalidInput.at("epoch", f"must be from 1 to {LAST_EPOCH}")
        try:
            group.require_element(self.public_key)
        except group.NotInGroup as error:
            raise InvalidInput.at("public_key", str(error)) from None
        for path, moment in (("valid_from", self.valid_from), ("valid_until", self.valid_until)):
            if moment is not None and moment.utcoffset() is None:
                raise InvalidInput.at(path, "must have a time zone")
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise InvalidInput.at("valid_until", "must be after valid_from")

    def state(self, at: datetime) -> EpochState:
        """Return where the epoch stands at that moment."""
        if at < self.valid_from:
            return EpochState.ANNOUNCED
        if self.valid_until is not None and at >= self.valid_until:
            return EpochState.ENDED
        return EpochState.CURRENT

    def is_current(self, at: datetime) -> bool:
        """Tell whether pseudonyms of this epoch are made at that moment."""
        return self.state(at) is EpochState.CURRENT

    def as_json(self) -> dict[str, object]:
        """Return the form in files: the key in lower-case hexadecimal digits, times in ISO 8601 and UTC."""
        return {
            "epoch": self.epoch,
            "public_key": self.public_key.hex(),
            "valid_from": _iso(self.valid_from),
            "valid_until": None if self.valid_until is None else _iso(self.valid_until),
        }


def read_epochs(value: object, *, path: str) -> tuple[PublicEpoch, ...]:
    """Read a list of epochs in ascending order; InvalidInput at the place for anything else, unknown fields too."""
    if not isinstance(value, list):
        raise InvalidInput.at(path, "must be a list")
    epochs = tuple(_read_epoch(entry, f"{path}[{number}]") for number, entry in enumerate(value))
    for number, (before, after) in enumerate(pairwise(epochs), start=1):
        if after.epoch <= before.epoch:
            raise InvalidInput.at(f"{path}[{number}].epoch", "must be greater than the one before")
        if after.valid_from < before.valid_from:
            raise InvalidInput.at(f"{path}[{number}].valid_from", "must not be before that of the one before")
    return epochs


def read_json(text: bytes, *, path: str) -> object:
    """Return what a JSON text holds; InvalidInput where it is none or names a field twice."""
    try:
        return strict_json.read(text)
    except ValueError:
        raise InvalidInput.at(path, "must be JSON in UTF-8 that names no field twice") from None


def require_fields(value: object, fields: Iterable[str], *, path: str) -> Mapping[str, object]:
    """Return `value` as an object with exactly these fields; InvalidInput at `path` for anything else."""
    if not isinstance(value, dict) or value.keys() != frozenset(fields):
        raise InvalidInput.at(path, f"must be an object with {', '.join(sorted(fields))}, and nothing else")
    return value


def _read_epoch(value: object, path: str) -> PublicEpoch:
    entry = require_fields(value, _FIELDS, path=path)
    epoch, key = entry["epoch"], entry["public_key"]
    if not isinstance(epoch, int) or isinstance(epoch, bool):
        raise InvalidInput.at(f"{path}.epoch", "must be a whole number")
    if not isinstance(key, str) or not _HEX.fullmatch(key):
        raise InvalidInput.at(f"{path}.public_key", "must be 64 lower-case hexadecimal digits")
    until = entry["valid_until"]
    try:
        return PublicEpoch(
            epoch=epoch,
            public_key=bytes.fromhex(key),
            valid_from=_moment(entry["valid_from"], "valid_from"),
            valid_until=None if until is None else _moment(until, "valid_until"),
        )
    except InvalidInput as error:
        [violation] = error.violations
        raise InvalidInput.at(f"{path}.{violation.path}", violation.rule) from None


def _moment(value: object, path: str) -> datetime:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise InvalidInput.at(path, "must be a date and time in ISO 8601")


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
