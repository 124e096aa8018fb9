"""The custodian's folder: the secret seed of every epoch, and the list of epochs beside them.

`epoch-<n>.key` holds the seed of epoch n, `epochs.json` which epochs there are and from when until when. A key file is
written before the list names it, and both are replaced whole: a program that is stopped in between leaves a ring
that opens, and the same command again completes what was begun.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from gateway.domain import Oin
from gateway.errors import ConfigurationError, InvalidInput
from gateway.keyfiles import OWNER_ONLY, SECRET_BYTES
from gateway.pseudonyms.disk import Disk, Stamp, alone_in, make_folder, stamp_of
from gateway.pseudonyms.epochs import EpochState, PublicEpoch, read_epochs, read_json
from gateway.pseudonyms.file_key import FileEvaluationKey
from gateway.pseudonyms.ports import EvaluationKey

LIST_NAME = "epochs.json"
_KEY_NAME = re.compile(r"epoch-([1-9]\d*)\.key", re.ASCII)
_PUBLIC_MODE = 0o644

_Epochs = tuple[PublicEpoch, ...]


class KeyRing:
    """The epochs of one index with their keys. One process may change the folder at a time; others wait."""

    def __init__(self, folder: Path, index: Oin, *, disk: Disk | None = None) -> None:
        """Take `open`: an instance made so has read nothing yet."""
        self._folder = folder
        self._index = index
        self._disk = disk or Disk()
        self._stamp: Stamp | None = None
        self._epochs: _Epochs = ()
        self._keys: dict[int, EvaluationKey] = {}

    @classmethod
    def open(cls, folder: Path, index: Oin, *, disk: Disk | None = None) -> KeyRing:
        """Read the folder; one without a list, or none at all, is a ring without epochs.

        Raises:
            ConfigurationError: the list cannot be read or is not of the exact form, the key of an epoch without
                an end is missing, or a key is not the one the list has the public key of (another index?).
            UnsafeConfigurationError: others than the owner have rights on a key file.

        """
        ring = cls(folder, index, disk=disk)
        ring._read()
        return ring

    @property
    def index(self) -> Oin:
        """The index that the pseudonyms are for."""
        return self._index

    def public_keys(self) -> tuple[PublicEpoch, ...]:
        """Return every epoch, oldest first: those over, those current, one announced."""
        return self._epochs

    def current(self, now: datetime) -> tuple[EvaluationKey, ...]:
        """Return the keys of the current epochs, oldest first: one, or two in an overlap.

        Raises:
            ConfigurationError: the key file of a current epoch is missing.

        """
        return tuple(self._key(epoch) for epoch in self._epochs if epoch.is_current(now))

    def is_stale(self) -> bool:
        """Tell whether the list was replaced since it was read: time to `open` the folder again."""
        return stamp_of(self._list) != self._stamp

    def create_first(self, now: datetime) -> PublicEpoch:
        """Begin epoch 1 now, with a new key, and return it; ConfigurationError where there is an epoch already."""

        def add(epochs: _Epochs) -> _Epochs:
            if epochs:
                raise ConfigurationError(
                    f"{self._folder} has a pseudonym key already; rotate makes the next one"
                )
            return (self._new_epoch(1, now),)

        make_folder(self._folder)
        return self._change(add)[-1]

    def rotate(self, now: datetime, starts: datetime) -> PublicEpoch:
        """Announce the next epoch, with a new key, from `starts` on; the current one goes on until `finish`.

        Raises:
            ConfigurationError: there is no epoch yet, one is announced already, two are current, or `starts` is
                in the past.

        """

        def add(epochs: _Epochs) -> _Epochs:
            states = [epoch.state(now) for epoch in epochs]
            if not epochs:
                raise ConfigurationError(f"{self._folder} has no pseudonym key yet")
            if EpochState.ANNOUNCED in states:
                raise ConfigurationError("an epoch is announced already; rotate again when it has taken over")
            if states.count(EpochState.CURRENT) > 1:
                raise ConfigurationError("two epochs are current; finish the older one first")
            if starts < now:
                raise ConfigurationError(
                    "an epoch cannot start in the past: partners could not have asked for it"
                )
            return (*epochs, self._new_epoch(epochs[-1].epoch + 1, starts))

        return self._change(add)[-1]

    def finish(self, now: datetime) -> PublicEpoch:
        """End the older of two current epochs now and return it; ConfigurationError where not two are current."""

        def end(epochs: _Epochs) -> _Epochs:
            current = [epoch for epoch in epochs if epoch.is_current(now)]
            if len(current) != 2:
                raise ConfigurationError("there is no overlap to finish: not two epochs are current")
            ended = replace(current[0], valid_until=now)
            return tuple(ended if epoch is current[0] else epoch for epoch in epochs)

        return next(epoch for epoch in self._change(end) if epoch.valid_until == now)

    @property
    def _list(self) -> Path:
        return self._folder / LIST_NAME

    def _change(self, change: Callable[[_Epochs], _Epochs]) -> _Epochs:
        with alone_in(self._folder):
            self._read()
            epochs = change(self._epochs)
            content = json.dumps([epoch.as_json() for epoch in epochs], indent=2).encode() + b"\n"
            self._disk.replace(self._list, content, mode=_PUBLIC_MODE)
            self._read()
        return self._epochs

    def _new_epoch(self, number: int, starts: datetime) -> PublicEpoch:
        path = self._key_file(number)
        if not path.exists():
            # A file that is there and in no list is left by a run that was stopped: nobody has used it.
            self._disk.replace(
                path, secrets.token_bytes(SECRET_BYTES).hex().encode() + b"\n", mode=OWNER_ONLY
            )
        key = FileEvaluationKey(path, index=self._index, epoch=number)
        return PublicEpoch(epoch=number, public_key=key.public_key, valid_from=starts)

    def _read(self) -> None:
        stamp = stamp_of(self._list)
        epochs = _read_list(self._list) if stamp is not None else ()
        self._require_no_lost_list(epochs)
        keys = {epoch.epoch: self._load(epoch) for epoch in epochs if self._key_file(epoch.epoch).exists()}
        for epoch in epochs:
            if epoch.valid_until is None and epoch.epoch not in keys:
                raise ConfigurationError(
                    f"{self._key_file(epoch.epoch)} is missing, and its epoch has no end"
                )
        self._stamp, self._epochs, self._keys = stamp, epochs, keys

    def _load(self, epoch: PublicEpoch) -> EvaluationKey:
        path = self._key_file(epoch.epoch)
        key = FileEvaluationKey(path, index=self._index, epoch=epoch.epoch)
        if key.public_key != epoch.public_key:
            raise ConfigurationError(
                f"{path} is not the key that {LIST_NAME} names, or the index is not {self._index}"
            )
        return key

    def _require_no_lost_list(self, epochs: _Epochs) -> None:
        # One file more than the list has is a rotation that was stopped; two are a list that was lost.
        if not self._folder.is_dir():
            return
        numbers = [
            int(name[1]) for file in self._folder.iterdir() if (name := _KEY_NAME.fullmatch(file.name))
        ]
        if max(numbers, default=0) > len(epochs) + 1:
            raise ConfigurationError(
                f"{self._folder} has keys of later epochs than {LIST_NAME}; restore that file"
            )

    def _key(self, epoch: PublicEpoch) -> EvaluationKey:
        try:
            return self._keys[epoch.epoch]
        except KeyError:
            raise ConfigurationError(
                f"{self._key_file(epoch.epoch)} is missing, and its epoch is current"
            ) from None

    def _key_file(self, epoch: int) -> Path:
        return self._folder / f"epoch-{epoch}.key"


def _read_list(path: Path) -> _Epochs:
    try:
        epochs = read_epochs(read_json(path.read_bytes(), path="file"), path="epochs")
        for number, epoch in enumerate(epochs):
            if epoch.epoch != number + 1:
                raise InvalidInput.at(f"epochs[{number}].epoch", f"must be {number + 1}")
            if epoch.valid_until is None and number < len(epochs) - 2:
                raise InvalidInput.at(f"epochs[{number}].valid_until", "must be set: two later epochs exist")
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
    except InvalidInput as error:
        raise ConfigurationError(f"{path}: {error}") from None
    return epochs
