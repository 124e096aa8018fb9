"""The proof that one key evaluated a whole batch: a DLEQ proof over composites (RFC 9497, section 2.2)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from gateway.errors import ConfigurationError
from gateway.pseudonyms import group
from gateway.pseudonyms.hashing import HASHING, Mode, prefixed

PROOF_BYTES = 2 * group.SCALAR_BYTES
FEWEST_IN_A_THREAD = 16
"""Below some sixteen elements (2 ms of work) a thread of their own costs more than it wins."""

_Result = TypeVar("_Result")


class ProofRefused(ConfigurationError):  # noqa: N818
    """What the pseudonym service answered does not prove that the pinned key was used. Nothing of it is used.

    Asking the same service again does not help: either its key or the pin is wrong, and under another key persons
    would be unlinked, or told apart by whoever runs the service.
    """


class Composites(NamedTuple):
    """Both sides of a batch, each as one element: `after` is the key times `before` if the batch is true."""

    before: bytes
    after: bytes


class Weights:
    """The weight of each pair in the composites; depends on the public key and on the pair's place in the batch."""

    def __init__(self, public_key: bytes) -> None:
        self._hashing = HASHING[Mode.VOPRF]
        self._start = prefixed(hashlib.sha512(prefixed(public_key) + self._hashing.seed_label).digest())

    def of(self, number: int, blinded: bytes, evaluated: bytes) -> bytes:
        """Return the weight of the pair at this place, counted from 0 over the whole batch."""
        return self._hashing.to_scalar(
            b"".join(
                (
                    self._start,
                    number.to_bytes(2, "big"),
                    b"\x00\x20",
                    blinded,
                    b"\x00\x20",
                    evaluated,
                    b"Composite",
                )
            )
        )


def prove(secret: bytes, public_key: bytes, composites: Composites, *, nonce: bytes) -> bytes:
    """Return the proof: challenge and response (GenerateProof).

    `nonce` must come from `group.random_scalar()` for every proof: two proofs under one nonce give the key away.
    Only the published test vectors fix it.
    """
    challenge = _challenge(
        public_key,
        composites,
        group.multiply_base(nonce),
        group.multiply(nonce, composites.before),
    )
    return challenge + group.subtract_product(nonce, challenge, secret)


def check(public_key: bytes, composites: Composites, proof: bytes) -> None:
    """Return if the proof holds (VerifyProof); ProofRefused for any other bytes."""
    if type(proof) is not bytes or len(proof) != PROOF_BYTES:
        raise ProofRefused(f"proof: must be {PROOF_BYTES} bytes")
    challenge, response = proof[: group.SCALAR_BYTES], proof[group.SCALAR_BYTES :]
    try:
        group.require_scalar(challenge)
        group.require_scalar(response)
        expected = _challenge(
            public_key,
            composites,
            group.add(group.multiply_base(response), group.multiply(challenge, public_key)),
            group.add(
                group.multiply(response, composites.before), group.multiply(challenge, composites.after)
            ),
        )
    except group.NotInGroup:
        raise ProofRefused("proof: must be two scalars that prove the batch") from None
    if not hmac.compare_digest(expected, challenge):
        raise ProofRefused("proof: does not show that the pinned key evaluated this batch")


def _challenge(public_key: bytes, composites: Composites, base: bytes, before: bytes) -> bytes:
    elements = (public_key, composites.before, composites.after, base, before)
    return HASHING[Mode.VOPRF].to_scalar(b"".join(map(prefixed, elements)) + b"Challenge")


def spread(work: Callable[[range], _Result], count: int, *, workers: int) -> list[_Result]:
    """Do `work` on the numbers 0 to `count` in up to `workers` threads; return the results in order.

    Where several parts fail, the error of the first part is the one that is raised. The library works outside
    Python's global lock, so threads use as many processor cores.
    """
    parts = max(1, min(workers, count // FEWEST_IN_A_THREAD))
    spans = [range(count * part // parts, count * (part + 1) // parts) for part in range(parts)]
    if parts == 1:
        return [work(spans[0])]
    with ThreadPoolExecutor(parts, thread_name_prefix="voprf") as pool:
        return list(pool.map(work, spans))
