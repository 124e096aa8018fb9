"""The first pseudonymiser, unsafe by design: one key that every partner shares (HMAC-SHA-256)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from gateway.domain import Bsn, Pseudonym
from gateway.pseudonyms.events import UNSAFE_SHARED_KEY
from gateway.pseudonyms.ports import Pseudonymiser

WARNING = (
    "pseudonyms come from a key that all partners share: whoever holds it can list every BSN. "
    "For trials with synthetic persons only."
)


class UnsafeSharedKeyPseudonymiser(Pseudonymiser):
    """UNSAFE: HMAC-SHA-256 under a shared key. There are 90,909,090 valid BSNs: a holder of the key can try all."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        UNSAFE_SHARED_KEY.emit(warning=WARNING)

    async def pseudonymise(self, persons: Sequence[Bsn]) -> Sequence[Pseudonym]:
        """Return one pseudonym a BSN, in the same order."""
        return [
            Pseudonym(hmac.digest(self._key, b"bsn:" + person.reveal().encode("ascii"), hashlib.sha256))
            for person in persons
        ]
