"""Detached JWS over the bytes of a message: RFC 7515 appendix F, RFC 7797 (unencoded), RFC 9864 (Ed25519)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from gateway.errors import MessageRejected, RejectionReason, Violation

ALGORITHM = "Ed25519"
"""RFC 9864, the fully specified name; the older `EdDSA` leaves the curve open and is refused."""
LONGEST_JWS = 1024
"""A detached Ed25519 signature with a key id is under 250 characters."""


def sign(value: bytes, *, key: Ed25519PrivateKey, kid: str) -> str:
    """Return the detached compact JWS (`header..signature`) over exactly these bytes."""
    header = {"alg": ALGORITHM, "kid": kid, "b64": False, "crit": ["b64"]}
    compact = jws.serialize_compact(
        header, value, _private_jwk(key), algorithms=[ALGORITHM], registry=_registry()
    )
    head, _, rest = compact.partition(".")
    return f"{head}..{rest.rpartition('.')[2]}"


def verify(value: bytes, signature: str, *, find_key: Callable[[str], bytes | None]) -> str:
    """Check a detached JWS over these bytes and return the id of the key that signed.

    `find_key` gives the raw 32-byte public key for a key id, or None where it does not count (any more).

    Raises:
        MessageRejected: SIGNATURE, whatever is wrong: another algorithm, an encoded payload, an unknown key,
            a wrong signature. The text says which rule, and holds nothing of the signature.

    """
    kid = _key_id_of(signature)
    public = find_key(kid)
    if public is None:
        raise _refused("must be made with a key of the partner that counts now")
    try:
        jws.deserialize_compact(
            signature, _public_jwk(public), algorithms=[ALGORITHM], registry=_registry(), payload=value
        )
    except (JoseError, ValueError):
        raise _refused("must be a signature of the partner over these bytes") from None
    return kid


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """Return the raw 32-byte public key."""
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def key_id(key: Ed25519PrivateKey) -> str:
    """Return the key id the project gives a key: the JWK thumbprint of its public part (RFC 7638)."""
    public = base64.urlsafe_b64encode(public_bytes(key)).rstrip(b"=").decode()
    # RFC 8037 appendix A.3: the required members in lexicographic order, no white space.
    thumbprint = hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{public}"}}'.encode()).digest()
    return base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()


def _key_id_of(signature: str) -> str:
    if len(signature) > LONGEST_JWS:
        raise _refused("must be a detached compact JWS")
    parts = signature.split(".")
    if len(parts) != 3 or parts[1]:
        raise _refused("must be a detached compact JWS")
    try:
        header = jws.extract_compact(signature.encode(), b"").headers()
    except (JoseError, ValueError):
        raise _refused("must be a detached compact JWS") from None
    # The registry checks the types; these three make it this profile and no other.
    if header.get("alg") != ALGORITHM or header.get("b64") is not False or header.get("crit") != ["b64"]:
        raise _refused('must have alg Ed25519, b64 false and crit ["b64"]')
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise _refused("must name its key (kid)")
    return kid


def _registry() -> jws.JWSRegistry:
    return jws.JWSRegistry(algorithms=[ALGORITHM])


def _private_jwk(key: Ed25519PrivateKey) -> OKPKey:
    return OKPKey.import_key(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def _public_jwk(public: bytes) -> OKPKey:
    return OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(public).rstrip(b"=").decode()}
    )


def _refused(rule: str) -> MessageRejected:
    return MessageRejected(RejectionReason.SIGNATURE, Violation("headers.jws", rule))
