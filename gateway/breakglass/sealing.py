"""The stated text of a declaration, sealed: only who has the index's own key can read it, and only for its officers."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.errors import ConfigurationError

_INFO = b"verwijsindex break-glass text v1"
"""Keeps this key apart from every other that the sealing key is or will be used for."""
_KEY_BYTES = 32
_NONCE_BYTES = 12
"""AES-GCM, NIST SP 800-38D section 8.2.2: 96 random bits are enough for far more texts than there will be."""


class TextSealer:
    """AES-256-GCM under a key that HKDF-SHA-256 (RFC 5869) derives from the index's sealing key.

    A text is bound to its declaration: sealed under one id it cannot be opened under another, so whoever can write in
    the database cannot put one declaration's text under another.
    """

    def __init__(self, sealing_key: bytes) -> None:
        """Take the index's key, 32 random bytes (`gateway.keyfiles.load_secret`)."""
        derive = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_INFO)
        self._cipher = AESGCM(derive.derive(sealing_key))

    def seal(self, text: str, *, declaration: str) -> bytes:
        """Return a fresh nonce (12 bytes), the encrypted text, and its tag (16 bytes)."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode("utf-8"), declaration.encode("ascii"))

    def open(self, sealed: bytes, *, declaration: str) -> str:
        """Return the text.

        Raises:
            ConfigurationError: it was sealed under another key or for another declaration, or was changed.

        """
        nonce, encrypted = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, encrypted, declaration.encode("ascii")).decode("utf-8")
        except (InvalidTag, ValueError):
            raise ConfigurationError(
                "sealing_key: the text was sealed with another key, or it was changed in the store"
            ) from None
