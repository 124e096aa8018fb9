"""Signatures: over the bytes, by a key that counts, in one profile of JWS and no other."""

from __future__ import annotations

import base64
import hashlib
import hmac

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OctKey

from gateway.errors import MessageRejected, RejectionReason
from gateway.messages.signing import key_id, public_bytes, sign, verify

KEY = Ed25519PrivateKey.from_private_bytes(
    # RFC 8032 section 7.1, test 1.
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
VALUE = b'{"resourceType":"Bundle"}'

RFC_8037_A4 = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
RFC_7797_42 = (
    "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY"
)
RFC_7515_A1_KEY = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"


def find(kid: str) -> bytes | None:
    return public_bytes(KEY) if kid == key_id(KEY) else None


def encode(header: object) -> str:
    return encode_bytes(orjson.dumps(header))


def encode_bytes(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_key_id_is_the_thumbprint_of_rfc_8037() -> None:
    """RFC 8037 appendix A.3 gives the thumbprint of this very key."""
    assert key_id(KEY) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_key_signs_the_example_of_rfc_8037() -> None:
    """RFC 8037 appendix A.4: the same key, over `header.payload` of an ordinary JWS."""
    assert KEY.sign(RFC_8037_A4.rpartition(".")[0].encode()) == decode(RFC_8037_A4.rpartition(".")[2])


def test_the_example_of_rfc_8037_is_another_profile_and_refused() -> None:
    """Its algorithm is named EdDSA, its payload is encoded and attached; its detached form is refused as well."""
    header, payload, signature = RFC_8037_A4.split(".")
    for compact in (RFC_8037_A4, f"{header}..{signature}"):
        with pytest.raises(MessageRejected) as caught:
            verify(decode(payload), compact, find_key=lambda _: public_bytes(KEY))
        assert caught.value.reason is RejectionReason.SIGNATURE


def test_the_unencoded_example_of_rfc_7797_is_right_and_its_algorithm_refused() -> None:
    """RFC 7797 section 4.2: HS256 over `$.02` with the key of RFC 7515 appendix A.1.

    The joserfc library, on its own, accepts it: what refuses it here is this project's list of algorithms, and
    no key of a partner can be used as a shared secret.
    """
    secret = OctKey.import_key({"kty": "oct", "k": RFC_7515_A1_KEY})
    allowed = jws.JWSRegistry(algorithms=["HS256"])
    jws.deserialize_compact(RFC_7797_42, secret, registry=allowed, payload=b"$.02")
    with pytest.raises(MessageRejected) as caught:
        verify(b"$.02", RFC_7797_42, find_key=lambda _: decode(RFC_7515_A1_KEY))
    assert caught.value.reason is RejectionReason.SIGNATURE


def test_the_signing_input_is_that_of_rfc_7797() -> None:
    """The unencoded example again, as bytes: our reading of the section gives its HMAC."""
    header, _, signature = RFC_7797_42.split(".")
    found = hmac.new(decode(RFC_7515_A1_KEY), header.encode() + b".$.02", hashlib.sha256).digest()
    assert found == decode(signature)


def test_an_hmac_under_the_public_key_is_refused() -> None:
    """RFC 8725 section 2.1: the confusion of algorithms, a public key taken for a shared secret."""
    header = encode({"alg": "HS256", "kid": key_id(KEY), "b64": False, "crit": ["b64"]})
    forged = hmac.new(public_bytes(KEY), header.encode() + b"." + VALUE, hashlib.sha256).digest()
    with pytest.raises(MessageRejected):
        verify(VALUE, f"{header}..{encode_bytes(forged)}", find_key=find)


def test_a_key_that_comes_along_in_the_header_is_not_used() -> None:
    """RFC 7515 section 4.1.3: a `jwk` header offers a key; only the partner's registered keys count."""
    other = Ed25519PrivateKey.generate()
    offered = {"kty": "OKP", "crv": "Ed25519", "x": encode_bytes(public_bytes(other))}
    header = encode({"alg": "Ed25519", "kid": key_id(KEY), "b64": False, "crit": ["b64"], "jwk": offered})
    signature = encode_bytes(other.sign(header.encode() + b"." + VALUE))
    with pytest.raises(MessageRejected):
        verify(VALUE, f"{header}..{signature}", find_key=find)


def test_the_signature_is_ed25519_over_the_unencoded_payload() -> None:
    """RFC 7797 section 3: the signing input is BASE64URL(header) || '.' || payload, as it stands."""
    header, payload, signature = sign(VALUE, key=KEY, kid=key_id(KEY)).split(".")
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
