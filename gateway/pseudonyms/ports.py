"""What the partner's side may ask of the pseudonym service, and the service of its key."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gateway.domain import Bsn, Subject


class EvaluationPurpose(StrEnum):
    """What a partner needs pseudonyms for; stands in the custodian's audit log."""

    REGISTRATION = "registration"
    LOOKUP = "lookup"


class Pseudonymiser(Protocol):
    """Turns BSNs into the pseudonyms of one index. Runs where the BSN is known: at the partner."""

    async def pseudonymise(self, persons: Sequence[Bsn], *, purpose: EvaluationPurpose) -> Sequence[Subject]:
        """Return one subject a BSN, in the same order, with a pseudonym for every epoch that is current.

        The same BSN always gives the same pseudonym under the same epoch.

        Raises:
            Unavailable: the service cannot be reached; nothing was derived.
            QuotaExceeded: the partner asked more than its quota; the error says when to go on.
            ConfigurationError: the pinned keys do not fit: an epoch is missing, or a proof is wrong.

        """

    def current_epochs(self) -> Set[int]:
        """Return the epochs that are current here, by the pinned keys; asks the service nothing.

        Raises:
            ConfigurationError: the pinned keys cannot be used.

        """


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluated batch: one element (32 bytes) for each blinded one, in order, and one proof (64 bytes)."""

    elements: tuple[bytes, ...] = field(repr=False)
    proof: bytes = field(repr=False)


class EvaluationKey(Protocol):
    """The secret key of one epoch, wherever it is kept: what an HSM must be able to do, and no more."""

    @property
    def epoch(self) -> int:
        """Number of the epoch, from 1."""

    @property
    def public_key(self) -> bytes:
        """The public key: a ristretto255 element, 32 bytes."""

    def evaluate(self, blinded: Sequence[bytes]) -> Evaluation:
        """Evaluate 1 to 1,000 blinded elements and prove it (RFC 9497, BlindEvaluate and GenerateProof).

        Raises:
            InvalidInput: an element is no element, is the identity, or has another length; names its place.

        """
