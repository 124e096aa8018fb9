"""The evaluation key of one epoch from a file: the seed is read once and the secret stays in this process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gateway.domain import Oin
from gateway.keyfiles import load_secret
from gateway.pseudonyms.ports import Evaluation, EvaluationKey
from gateway.pseudonyms.private_input import context
from gateway.pseudonyms.voprf import KeyPair, derive_key_pair, evaluate


class FileEvaluationKey(EvaluationKey):
    """A key whose seed is a file that only its owner may read. Batches use every processor core."""

    def __init__(self, path: Path, *, index: Oin, epoch: int) -> None:
        """Read the seed and derive the key for one epoch of one index.

        Raises:
            ConfigurationError: the file is missing or holds no seed.
            UnsafeConfigurationError: others than the owner have rights on it.

        """
        self._epoch = epoch
        self._pair: KeyPair = derive_key_pair(load_secret(path), context(index=index, epoch=epoch))
        self._workers = os.cpu_count() or 1

    @property
    def epoch(self) -> int:
        """Number of the epoch, from 1."""
        return self._epoch

    @property
    def public_key(self) -> bytes:
        """The public element, 32 bytes."""
        return self._pair.public_key

    def evaluate(self, blinded: Sequence[bytes]) -> Evaluation:
        """Evaluate a batch under one proof; see `gateway.pseudonyms.voprf.evaluate`."""
        return evaluate(self._pair.secret, self._pair.public_key, blinded, workers=self._workers)

    def __repr__(self) -> str:
        return f"FileEvaluationKey(epoch={self._epoch})"
