"""What the index makes of a pseudonym before anything of it is kept: an HMAC under a key of the index alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace

from gateway.domain import (
    ConsentFact,
    FactMessage,
    HouseholdFact,
    InvolvementFact,
    MergeFact,
    Pseudonym,
    SealedPseudonym,
    Subject,
)

_LABEL = b"verwijsindex sealed pseudonym v1"


class Sealer:
    """Seals what comes in, at the two doors: messages and questions. Behind them everything is sealed.

    HMAC-SHA-256 (RFC 2104) over a label, the epoch (4 bytes, big endian) and the 32 bytes. Whoever holds the
    pseudonym key alone can compute pseudonyms and cannot find them in the index; whoever holds the index and
    its key cannot compute pseudonyms. The same pseudonym always gives the same sealed one.
    """

    def __init__(self, key: bytes) -> None:
        """Take the index's key, 32 random bytes (`gateway.keyfiles.load_secret`)."""
        self._key = key

    def seal(self, subject: Subject) -> Subject:
        """Return the person with every pseudonym sealed; TypeError for one that is sealed already."""
        return Subject(*map(self._seal, subject.pseudonyms))

    def seal_message(self, message: FactMessage) -> FactMessage:
        """Return the message with every person in its fact sealed."""
        return with_persons(message, self.seal)

    def _seal(self, pseudonym: Pseudonym) -> SealedPseudonym:
        if isinstance(pseudonym, SealedPseudonym):
            raise TypeError("a sealed pseudonym is sealed once")
        content = _LABEL + pseudonym.epoch.to_bytes(4, "big") + pseudonym.reveal()
        return SealedPseudonym(hmac.digest(self._key, content, hashlib.sha256), epoch=pseudonym.epoch)


def with_persons(message: FactMessage, change: Callable[[Subject], Subject]) -> FactMessage:
    """Return the message with every person in its fact changed."""
    match message.fact:
        case HouseholdFact() as household:
            members = tuple(replace(member, subject=change(member.subject)) for member in household.members)
            return replace(message, fact=replace(household, members=members))
        case MergeFact() as merge:
            return replace(message, fact=replace(merge, old=change(merge.old), new=change(merge.new)))
        case InvolvementFact() | ConsentFact() as fact:
            return replace(message, fact=replace(fact, subject=change(fact.subject)))
