"""Which OIN a certificate names, and which files make a TLS identity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import Oin
from gateway.errors import ConfigurationError, InvalidInput, UnsafeConfigurationError
from gateway.identities.certificates import load_identity, oin_of_certificate
from gateway.identities.unsafe_test_ca import UnsafeTestCa
from gateway.settings import TlsSettings

OIN = Oin("00000099100000000100")
NOW = datetime.now(UTC) + timedelta(hours=1)
"""Within every certificate that a test makes, however long the tests before it took."""
KEY = ec.generate_private_key(ec.SECP256R1())


def pem_with(*attributes: x509.NameAttribute[str]) -> bytes:
    name = x509.Name(attributes)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(KEY, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def number(value: str) -> x509.NameAttribute[str]:
    # UTF8String, so that a test can put anything into it.
    return x509.NameAttribute(NameOID.SERIAL_NUMBER, value, _ASN1Type.UTF8String)


@pytest.fixture
def tls(tmp_path: Path) -> TlsSettings:
    ca = UnsafeTestCa.create(tmp_path / "ca")
    issued = ca.issue(OIN, "Synthetic", tmp_path / "partner")
    return TlsSettings(certificate=issued.certificate, key=issued.key, trusted_ca=ca.certificate_path)


def test_the_oin_is_the_serial_number_of_the_subject() -> None:
    assert oin_of_certificate(pem_with(number(OIN))) == OIN


def test_the_first_certificate_of_a_chain_counts() -> None:
    other = "00000099100000000200"
    assert oin_of_certificate(pem_with(number(OIN)) + pem_with(number(other))) == OIN


@pytest.mark.parametrize("value", ["123", "0000009910000000010x", "00000099100000000100 ", "٠" * 20])
def test_a_serial_number_that_is_no_oin_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        oin_of_certificate(pem_with(number(value)))
    assert caught.value.violations[0].path == "certificate.subject.serialNumber"
    assert value not in str(caught.value)


def test_a_certificate_without_or_with_two_serial_numbers_is_refused() -> None:
    for pem in (pem_with(), pem_with(number(OIN), number(OIN))):
        with pytest.raises(InvalidInput, match="exactly once"):
            oin_of_certificate(pem)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_certificate_are_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="certificate in PEM"):
        oin_of_certificate(content)


def test_files_that_belong_together_make_an_identity(tls: TlsSettings) -> None:
    identity = load_identity(tls, now=NOW)
    assert identity.certificate_chain == tls.certificate.read_bytes()
    assert identity.trusted_ca == tls.trusted_ca.read_bytes()
    assert identity.expires_at > NOW
    assert "PRIVATE KEY" not in repr(identity)


@pytest.mark.parametrize("name", ["certificate", "key", "trusted_ca"])
def test_a_missing_file_is_named(tls: TlsSettings, name: str) -> None:
    path: Path = getattr(tls, name)
    path.unlink()
    with pytest.raises(ConfigurationError, match=str(path)):
        load_identity(tls, now=NOW)


@pytest.mark.parametrize("name", ["certificate", "key", "trusted_ca"])
def test_a_file_that_holds_something_else_is_named(tls: TlsSettings, name: str) -> None:
    path: Path = getattr(tls, name)
    path.write_text("PLANTED")
    with pytest.raises(ConfigurationError, match=str(path)) as caught:
        load_identity(tls, now=NOW)
    assert "PLANTED" not in str(caught.value)


def test_a_key_that_others_may_read_is_refused(tls: TlsSettings) -> None:
    tls.key.chmod(0o640)
    with pytest.raises(UnsafeConfigurationError, match="chmod 600"):
        load_identity(tls, now=NOW)


def test_a_key_of_another_certificate_is_refused(tls: TlsSettings, tmp_path: Path) -> None:
    ca = UnsafeTestCa.load(tls.trusted_ca.parent)
    other = ca.issue(OIN, "Synthetic", tmp_path / "other")
    mixed = TlsSettings(certificate=tls.certificate, key=other.key, trusted_ca=tls.trusted_ca)
    with pytest.raises(ConfigurationError, match="is not the key of"):
        load_identity(mixed, now=NOW)


def test_a_certificate_counts_from_its_first_to_its_last_moment(tls: TlsSettings) -> None:
    identity = load_identity(tls, now=NOW)
    load_identity(tls, now=identity.expires_at)
    with pytest.raises(ConfigurationError, match="expired on"):
        load_identity(tls, now=identity.expires_at + timedelta(seconds=1))
    with pytest.raises(ConfigurationError, match="is not valid before"):
        load_identity(tls, now=NOW - timedelta(days=1))
