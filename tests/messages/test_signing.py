"""Signatures: over the bytes, by a key that counts, in one profile of JWS and no other."""

from __future__ import annotations

import base64

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import MessageRejected, RejectionReason
from gateway.messages.signing import key_id, public_bytes, sign, verify

KEY = Ed25519PrivateKey.from_private_bytes(
    # RFC 8032 section 7.1, test 1.
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
VALUE = b'{"resourceType":"Bundle"}'


def find(kid: str) -> bytes | None:
    return public_bytes(KEY) if kid == key_id(KEY) else None


def encode(header: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(header)).rstrip(b"=").decode()


def test_the_key_id_is_the_thumbprint_of_rfc_8037() -> None:
    """RFC 8037 appendix A.3 gives the thumbprint of this very key."""
    assert key_id(KEY) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_signature_is_ed25519_over_the_unencoded_payload() -> None:
    """RFC 7797 section 3: the signing input is BASE64URL(header) || '.' || payload, as it stands."""
    jws = sign(VALUE, key=KEY, kid=key_id(KEY))
    header, payload, signature = jws.split(".")
    assert payload == ""
    padded = signature + "=" * (-len(signature) % 4)
    KEY.public_key().verify(base64.urlsafe_b64decode(padded), header.encode() + b"." + VALUE)


@given(value=st.binary(max_size=200).map(lambda b: b.hex().encode()), flip=st.integers(0, 10_000))
def test_any_changed_byte_is_noticed(value: bytes, flip: int) -> None:
    value = b"{" + value
    jws = sign(value, key=KEY, kid=key_id(KEY))
    assert verify(value, jws, find_key=find) == key_id(KEY)
    place = flip % len(value)
    changed = value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
    with pytest.raises(MessageRejected):
        verify(changed, jws, find_key=find)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": "k", "b64": False, "crit": ["b64"]},
        {"alg": "HS256", "kid": "k", "b64": False, "crit": ["b64"]},
        {"alg": "EdDSA", "kid": "k", "b64": False, "crit": ["b64"]},
        {"alg": "Ed25519", "kid": "k", "b64": True, "crit": ["b64"]},
        {"alg": "Ed25519", "kid": "k"},
        {"alg": "Ed25519", "kid": "k", "b64": False},
        {"alg": "Ed25519", "kid": "k", "b64": False, "crit": ["b64", "exp"], "exp": 1},
        {"alg": "Ed25519", "b64": False, "crit": ["b64"]},
        {"alg": "Ed25519", "kid": 7, "b64": False, "crit": ["b64"]},
        ["not", "an", "object"],
    ],
)
def test_another_profile_of_jws_is_refused(header: object) -> None:
    signature = sign(VALUE, key=KEY, kid=key_id(KEY)).split(".")[2]
    with pytest.raises(MessageRejected) as caught:
        verify(VALUE, f"{encode(header)}..{signature}", find_key=lambda _: public_bytes(KEY))
    assert caught.value.reason is RejectionReason.SIGNATURE


@given(jws=st.text(max_size=300))
def test_nonsense_is_refused_and_never_repeated(jws: str) -> None:
    with pytest.raises(MessageRejected) as caught:
        verify(VALUE, jws, find_key=lambda _: public_bytes(KEY))
    assert caught.value.reason is RejectionReason.SIGNATURE
    assert len(jws) < 12 or jws not in str(caught.value)


def test_an_attached_payload_is_refused() -> None:
    header, _, signature = sign(VALUE, key=KEY, kid=key_id(KEY)).split(".")
    with pytest.raises(MessageRejected):
        verify(VALUE, f"{header}.{encode({})}.{signature}", find_key=find)
