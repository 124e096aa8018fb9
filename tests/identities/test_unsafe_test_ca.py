"""The test CA: certificates as a partner gets them, for test OINs and for nothing else."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.domain import Oin
from gateway.errors import ConfigurationError, InvalidInput, UnsafeConfigurationError
from gateway.identities.certificates import load_identity, oin_of_certificate
from gateway.identities.unsafe_test_ca import IssuedCertificate, UnsafeTestCa
from gateway.settings import TlsSettings

OIN = Oin("00000099100000000100")


@pytest.fixture
def ca(tmp_path: Path) -> UnsafeTestCa:
    return UnsafeTestCa.create(tmp_path / "ca")


def certificate_of(issued: IssuedCertificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(issued.certificate.read_bytes())


def test_a_partner_certificate_names_country_organisation_and_oin(ca: UnsafeTestCa, tmp_path: Path) -> None:
    issued = ca.issue(OIN, "Veilig Thuis (synthetic)", tmp_path / "partner")
    certificate = certificate_of(issued)
    values = {attribute.oid: attribute.value for attribute in certificate.subject}
    assert values[NameOID.COUNTRY_NAME] == "NL"
    assert values[NameOID.ORGANIZATION_NAME] == "Veilig Thuis (synthetic)"
    assert values[NameOID.SERIAL_NUMBER] == OIN
    assert oin_of_certificate(issued.certificate.read_bytes()) == OIN
    public_key = certificate.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    assert isinstance(public_key.curve, ec.SECP256R1)


def test_a_certificate_is_signed_by_the_ca_and_is_no_ca_itself(ca: UnsafeTestCa, tmp_path: Path) -> None:
    certificate = certificate_of(ca.issue(OIN, "Synthetic", tmp_path / "partner"))
    authority = x509.load_pem_x509_certificate(ca.certificate_path.read_bytes())
    certificate.verify_directly_issued_by(authority)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_only_a_server_certificate_can_stand_for_a_server(ca: UnsafeTestCa, tmp_path: Path) -> None:
    partner = certificate_of(ca.issue(OIN, "Synthetic", tmp_path / "partner"))
    server = certificate_of(ca.issue(OIN, "Synthetic", tmp_path / "server", server=True))
    uses = partner.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    with pytest.raises(x509.ExtensionNotFound):
        partner.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    uses = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert ExtendedKeyUsageOID.SERVER_AUTH in uses
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert {str(address) for address in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "::1"}


def test_keys_are_readable_by_their_owner_only(ca: UnsafeTestCa, tmp_path: Path) -> None:
    issued = ca.issue(OIN, "Synthetic", tmp_path / "partner")
    for key in (issued.key, ca.certificate_path.parent / "ca-key.pem"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize("prefix", ["00000001", "00000003", "00000004"])
def test_an_oin_of_a_real_organisation_is_refused(ca: UnsafeTestCa, tmp_path: Path, prefix: str) -> None:
    with pytest.raises(UnsafeConfigurationError, match="00000099"):
        ca.issue(Oin(f"{prefix}123456789000"), "Synthetic", tmp_path / "partner")
    assert not (tmp_path / "partner").exists()


def test_something_that_is_no_oin_is_refused(ca: UnsafeTestCa, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        ca.issue(Oin("00000099"), "Synthetic", tmp_path / "partner")


def test_a_loaded_ca_issues_certificates_that_the_same_file_trusts(ca: UnsafeTestCa, tmp_path: Path) -> None:
    loaded = UnsafeTestCa.load(ca.certificate_path.parent)
    issued = loaded.issue(OIN, "Synthetic", tmp_path / "partner")
    authority = x509.load_pem_x509_certificate(ca.certificate_path.read_bytes())
    certificate_of(issued).verify_directly_issued_by(authority)


def test_a_key_is_never_overwritten(ca: UnsafeTestCa, tmp_path: Path) -> None:
    issued = ca.issue(OIN, "Synthetic", tmp_path / "partner")
    before = issued.certificate.read_bytes(), issued.key.read_bytes()
    with pytest.raises(ConfigurationError, match="exists already"):
        ca.issue(OIN, "Synthetic", tmp_path / "partner")
    with pytest.raises(ConfigurationError, match="exists already"):
        UnsafeTestCa.create(ca.certificate_path.parent)
    assert (issued.certificate.read_bytes(), issued.key.read_bytes()) == before


def test_a_folder_without_a_ca_cannot_be_loaded(ca: UnsafeTestCa, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read the key file"):
        UnsafeTestCa.load(tmp_path)
    ca.certificate_path.write_text("no certificate")
    with pytest.raises(ConfigurationError, match="holds no test CA"):
        UnsafeTestCa.load(ca.certificate_path.parent)
    ca.certificate_path.unlink()
    with pytest.raises(ConfigurationError, match=r"cannot read .*ca\.pem"):
        UnsafeTestCa.load(ca.certificate_path.parent)


def test_an_issued_certificate_loads_as_an_identity_and_lasts_a_year(
    ca: UnsafeTestCa, tmp_path: Path
) -> None:
    issued = ca.issue(OIN, "Synthetic", tmp_path / "partner")
    now = datetime.now(UTC)
    tls = TlsSettings(certificate=issued.certificate, key=issued.key, trusted_ca=ca.certificate_path)
    identity = load_identity(tls, now=now)
    assert timedelta(days=364) < identity.expires_at - now < timedelta(days=366)


def test_the_name_of_the_ca_says_that_it_is_unsafe(ca: UnsafeTestCa) -> None:
    authority = x509.load_pem_x509_certificate(ca.certificate_path.read_bytes())
    assert "UNSAFE TEST CA" in authority.subject.rfc4514_string()
