"""The door of the index: through it persons come in, under epochs that are in use, and sealed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from gateway.domain import FactMessage, Oin, Pseudonym, Subject
from gateway.errors import ConfigurationError, InvalidInput, MessageRejected, RejectionReason, Unavailable
from gateway.index.sealing import Sealer, with_persons
from gateway.pseudonyms.epochs import EpochState
from gateway.pseudonyms.pinned import PinnedFile, PinnedKeys

RULE = "must be a pseudonym of an epoch that is in use"


class EpochBook(Protocol):
    """Which epochs of the pseudonym key there are, as the index knows them."""

    def keys(self) -> PinnedKeys:
        """Return the epochs as they stand now; ConfigurationError where the book cannot be read."""


def open_epoch_book(path: Path, *, index: Oin) -> EpochBook:
    """Return the book in the file; ConfigurationError where it is of another index or cannot be read."""
    book = PinnedFile(path, index=index)
    book.keys()
    return book


class Door:
    """Turns the person in a message or a question into the person as the index knows it."""

    def __init__(self, sealer: Sealer, book: EpochBook, *, clock: Callable[[], datetime]) -> None:
        self._sealer = sealer
        self._book = book
        self._clock = clock

    def admit(self, subject: Subject, *, path: str = "subject") -> Subject:
        """Return the person sealed, without the pseudonyms of epochs that are over.

        An announced epoch counts as in use: a partner's clock may run ahead of ours.

        Raises:
            InvalidInput: at `path`: an epoch that the index does not know, or none that is in use.
            Unavailable: the epochs cannot be read; nothing may come in then.

        """
        return self._sealer.seal(self._in_use(subject, path))

    def admit_message(self, message: FactMessage) -> FactMessage:
        """Do the same with every person in the message's fact; MessageRejected(EPOCH) where one cannot come in."""
        try:
            in_use = with_persons(message, lambda person: self._in_use(person, "Patient.identifier"))
        except InvalidInput as error:
            raise MessageRejected(RejectionReason.EPOCH, error.violations) from None
        return self._sealer.seal_message(in_use)

    def _in_use(self, subject: Subject, path: str) -> Subject:
        keys, now = self._keys(), self._clock()
        in_use: list[Pseudonym] = []
        for pseudonym in subject.pseudonyms:
            epoch = keys.of(pseudonym.epoch)
            if epoch is None:
                raise InvalidInput.at(path, RULE)
            if epoch.state(now) is not EpochState.ENDED:
                in_use.append(pseudonym)
        if not in_use:
            raise InvalidInput.at(path, RULE)
        return Subject(*in_use)

    def _keys(self) -> PinnedKeys:
        try:
            return self._book.keys()
        except ConfigurationError:
            # A process that runs waits for a file that is put right; only one that starts stops for it.
            raise Unavailable("the public keys of the pseudonym service cannot be read") from None
