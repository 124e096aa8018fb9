"""The public keys that a partner or the index has pinned: what the pseudonym service proves is held against them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.domain import Oin, parse_oin
from gateway.errors import ConfigurationError, InvalidInput
from gateway.pseudonyms.disk import Disk, Stamp, stamp_of
from gateway.pseudonyms.epochs import PublicEpoch, read_epochs, read_json, require_fields

_READABLE_BY_ALL = 0o644
LARGEST_FILE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedKeys:
    """The epochs of the pseudonym key of one index. Public: what protects it is that nobody else may change it."""

    index: Oin
    keys: tuple[PublicEpoch, ...]

    def current(self, now: datetime) -> tuple[PublicEpoch, ...]:
        """Return the epochs that are current, oldest first: one, two in an overlap, none where all are over."""
        return tuple(key for key in self.keys if key.is_current(now))

    def of(self, epoch: int) -> PublicEpoch | None:
        """Return the pinned epoch of this number, None where it is not pinned."""
        return next((key for key in self.keys if key.epoch == epoch), None)

    @classmethod
    def read(cls, path: Path) -> PinnedKeys:
        """Read a file; ConfigurationError that names the file and the field for anything but the exact form."""
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST_FILE_BYTES + 1)
        except OSError as error:
            raise ConfigurationError(f"cannot read the pinned public keys {path}: {error.strerror}") from None
        if len(content) > LARGEST_FILE_BYTES:
            raise ConfigurationError(f"{path} is too large for a file of pinned public keys")
        try:
            return cls.from_json(content)
        except InvalidInput as error:
            raise ConfigurationError(f"{path}: {error}") from None

    @classmethod
    def from_json(cls, content: bytes) -> PinnedKeys:
        """Read the text of a file; InvalidInput at the field that is wrong."""
        found = require_fields(read_json(content, path="file"), ("index", "keys"), path="file")
        index = found["index"]
        if not isinstance(index, str):
            raise InvalidInput.at("index", "must be an OIN of exactly 20 digits")
        return cls(index=parse_oin(index, path="index"), keys=read_epochs(found["keys"], path="keys"))

    def to_json(self) -> bytes:
        """Return the text of a file: the same keys give the same bytes."""
        content = {"index": self.index, "keys": [key.as_json() for key in self.keys]}
        return json.dumps(content, indent=2).encode() + b"\n"

    def write(self, path: Path, *, disk: Disk | None = None) -> None:
        """Put the keys in a file that everybody may read; a reader sees the file before or after, and no part of it."""
        (disk or Disk()).replace(path, self.to_json(), mode=_READABLE_BY_ALL)


class PinnedFile:
    """A file of pinned keys that somebody may replace while the process runs.

    With `index`, a file of another index is refused at every reading: by mistake it could end epochs.
    """

    def __init__(self, path: Path, *, index: Oin | None = None) -> None:
        self._path = path
        self._index = index
        self._stamp: Stamp | None = None
        self._keys: PinnedKeys | None = None

    def keys(self) -> PinnedKeys:
        """Return what the file holds now; it is read again only after a change.

        Raises:
            ConfigurationError: the file is gone, wrong, or of another index. What it held before is not used any
                more.

        """
        stamp = stamp_of(self._path)
        if self._keys is None or stamp is None or stamp != self._stamp:
            keys = PinnedKeys.read(self._path)
            if self._index not in {None, keys.index}:
                raise ConfigurationError(f"{self._path}: these are the public keys of another index")
            self._keys, self._stamp = keys, stamp
        return self._keys
