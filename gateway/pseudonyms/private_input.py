"""What stands for a person in the oblivious function, and what of its output is the pseudonym.

Published in `docs/pseudonyms.md`: a byte more or less here unlinks every person.
"""

from __future__ import annotations

from gateway.domain import LAST_EPOCH, PSEUDONYM_BYTES, Bsn, Oin, Pseudonym
from gateway.errors import InvalidInput
from gateway.pseudonyms.hashing import prefixed


def context(*, index: Oin, epoch: int) -> bytes:
    """Return the label of one epoch of one index, in ASCII; part of every input, and the `info` of the key.

    Two indexes or two epochs have no pseudonym in common, even if they were given the same seed.
    """
    if not 1 <= epoch <= LAST_EPOCH:
        raise InvalidInput.at("epoch", f"must be from 1 to {LAST_EPOCH}")
    return f"verwijsindex:v1:{index}:{epoch}".encode("ascii")


def private_input(bsn: Bsn, *, index: Oin, epoch: int) -> bytes:
    """Return the canonical input: the context after its length in two bytes, then `bsn:` and the nine digits."""
    return prefixed(context(index=index, epoch=epoch)) + b"bsn:" + bsn.reveal().encode("ascii")


def pseudonym_of(output: bytes, *, epoch: int) -> Pseudonym:
    """Return the pseudonym: the first 32 of the 64 bytes that `finalize` gives."""
    return Pseudonym(output[:PSEUDONYM_BYTES], epoch=epoch)
