"""Persons: as a number at the partner, as pseudonyms everywhere else. Each prints as its type only."""

from __future__ import annotations

import hmac
import re
from typing import Self

from gateway.errors import InvalidInput

_BSN_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_PSEUDONYM = re.compile(r"(?P<epoch>[1-9]\d{0,3}):(?P<value>[0-9a-f]{64})", re.ASCII)
PSEUDONYM_BYTES = 32
LAST_EPOCH = 9999
MOST_EPOCHS = 2
"""So many epochs overlap at most: the one that goes and the one that comes."""
LARGEST_BATCH = 1000
"""So many persons at once are evaluated: a tenth of a second of work under one proof, 32 kB on the wire."""


class Bsn:
    """A burgerservicenummer that passes the 11-test; lives on the partner's side only."""

    __slots__ = ("_digits",)

    def __init__(self, text: str, *, path: str = "bsn") -> None:
        """Check `text`: nine digits, not all zero, 11-test with weights 9 8 7 6 5 4 3 2 -1."""
        if not re.fullmatch(r"\d{9}", text, re.ASCII):
            raise InvalidInput.at(path, "must be a BSN of exactly nine digits")
        weighted = sum(w * int(d) for w, d in zip(_BSN_WEIGHTS, text, strict=True))
        if weighted % 11 != 0 or text == "000000000":
            raise InvalidInput.at(path, "does not pass the 11-test for a BSN")
        self._digits = text

    def reveal(self) -> str:
        """Return the nine digits: for the pseudonym client and for nothing else."""
        return self._digits

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bsn) and hmac.compare_digest(self._digits, other._digits)

    def __hash__(self) -> int:
        return hash((Bsn, self._digits))

    def __repr__(self) -> str:
        return "Bsn(…)"


class Pseudonym:
    """A person in this index under one epoch of the pseudonym key: 32 bytes that nobody can tie to a BSN alone.

    As text: the epoch, a colon, and 64 lower-case hexadecimal digits; the form inside FHIR messages.
    """

    __slots__ = ("_epoch", "_hash", "_value")

    def __init__(self, value: bytes, *, epoch: int, path: str = "pseudonym") -> None:
        if len(value) != PSEUDONYM_BYTES:
            raise InvalidInput.at(path, f"must be exactly {PSEUDONYM_BYTES} bytes")
        if not 1 <= epoch <= LAST_EPOCH:
            raise InvalidInput.at(path, f"must be of an epoch from 1 to {LAST_EPOCH}")
        self._value = bytes(value)
        self._epoch = epoch
        self._hash = hash((type(self), epoch, self._value))

    @classmethod
    def parse(cls, text: str, *, path: str = "pseudonym") -> Self:
        """Read the text form; InvalidInput at `path` for any other."""
        found = _PSEUDONYM.fullmatch(text)
        if found is None:
            raise InvalidInput.at(path, "must be an epoch, a colon and 64 lower-case hexadecimal digits")
        return cls(bytes.fromhex(found["value"]), epoch=int(found["epoch"]), path=path)

    @property
    def epoch(self) -> int:
        """Number of the epoch of the pseudonym key, from 1."""
        return self._epoch

    def reveal(self) -> bytes:
        """Return the 32 bytes: for messages, stores and the wire, never for a log."""
        return self._value

    def text(self) -> str:
        """Return the text form: for messages and stores, never for a log."""
        return f"{self._epoch}:{self._value.hex()}"

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is type(self)
            and self._epoch == other._epoch
            and hmac.compare_digest(self._value, other._value)
        )

    def __lt__(self, other: Pseudonym) -> bool:
        return (self._epoch, self._value) < (other._epoch, other._value)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class SealedPseudonym(Pseudonym):
    """A pseudonym as the index keeps it: HMAC under the index's own key. The only kind its store takes."""

    __slots__ = ()


class Subject:
    """One person: the pseudonym under every epoch in use, so one, and two while one epoch takes over from another.

    A subject that lacks an epoch is still the same person as one that has it. A pair of pseudonyms of two persons
    is nobody: it is the same person as neither.
    """

    __slots__ = ("_pseudonyms",)

    def __init__(self, *pseudonyms: Pseudonym, path: str = "subject") -> None:
        """Check the pseudonyms: one or two, each of an epoch of its own. Their order does not matter."""
        epochs = {pseudonym.epoch for pseudonym in pseudonyms}
        if not 1 <= len(pseudonyms) <= MOST_EPOCHS or len(epochs) != len(pseudonyms):
            raise InvalidInput.at(path, f"must have 1 to {MOST_EPOCHS} pseudonyms, each of another epoch")
        self._pseudonyms = tuple(sorted(pseudonyms))

    @property
    def pseudonyms(self) -> tuple[Pseudonym, ...]:
        """The pseudonyms, oldest epoch first."""
        return self._pseudonyms

    def is_same_person(self, other: Subject) -> bool:
        """Tell whether the two share a pseudonym, and differ under no epoch that both have."""
        is_shared = False
        # Asked for every involvement and consent of a household: two short loops, and no sets.
        for own in self._pseudonyms:
            for theirs in other._pseudonyms:
                if own.epoch == theirs.epoch:
                    if own != theirs:
                        return False
                    is_shared = True
        return is_shared

    def overlaps(self, other: Subject) -> bool:
        """Tell whether the two share a pseudonym, whatever else they have."""
        return any(own in other._pseudonyms for own in self._pseudonyms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subject) and self._pseudonyms == other._pseudonyms

    def __lt__(self, other: Subject) -> bool:
        return self._pseudonyms < other._pseudonyms

    def __hash__(self) -> int:
        return hash(self._pseudonyms)

    def __repr__(self) -> str:
        return "Subject(…)"
