"""A certificate authority for trials: its key lies in a file beside it, and it names test OINs only."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.clock import CLOCK_TOLERANCE
from gateway.domain import TEST_OIN_PREFIX, Oin, parse_oin
from gateway.errors import ConfigurationError, UnsafeConfigurationError
from gateway.keyfiles import read_private, write_private

CA_CERTIFICATE = "ca.pem"
CA_KEY = "ca-key.pem"
CERTIFICATE = "certificate.pem"
KEY = "key.pem"

CA_NAME = "UNSAFE TEST CA of Verwijsindex: for trials only"
CA_LIFETIME = timedelta(days=5 * 365)
LEAF_LIFETIME = timedelta(days=365)

_SERVER_NAMES: tuple[x509.GeneralName, ...] = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """Where a certificate and its key (mode 0600) were written."""

    certificate: Path
    key: Path


class UnsafeTestCa:
    """An ECDSA P-256 CA in a folder: `ca.pem` to trust, `ca-key.pem` (mode 0600) to sign with."""

    def __init__(self, folder: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate_path = folder / CA_CERTIFICATE
        self._certificate = certificate
        self._key = key

    @classmethod
    def create(cls, folder: Path) -> UnsafeTestCa:
        """Make a new CA in `folder`; ConfigurationError if one is there already."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, CA_NAME)])
        usage = _usage(key_cert_sign=True, crl_sign=True)
        certificate = (
            _builder(name, key, lifetime=CA_LIFETIME)
            .issuer_name(name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
        write_private(folder / CA_KEY, _private_pem(key))
        (folder / CA_CERTIFICATE).write_bytes(_public_pem(certificate))
        return cls(folder, certificate, key)

    @classmethod
    def load(cls, folder: Path) -> UnsafeTestCa:
        """Open the CA that `create` made in `folder`; ConfigurationError if there is none."""
        key_path, certificate_path = folder / CA_KEY, folder / CA_CERTIFICATE
        try:
            key = serialization.load_pem_private_key(read_private(key_path), password=None)
            certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        except OSError as error:
            raise ConfigurationError(f"cannot read {certificate_path}: {error.strerror}") from None
        except (ValueError, TypeError):
            raise ConfigurationError(f"{folder} holds no test CA") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ConfigurationError(f"{key_path} holds another kind of key than ECDSA")
        return cls(folder, certificate, key)

    def issue(self, oin: Oin, name: str, folder: Path, *, server: bool = False) -> IssuedCertificate:
        """Write `certificate.pem` and `key.pem` (mode 0600) for an organisation into `folder`.

        The subject is C=NL, O=`name`, serialNumber=`oin`, as in PKIoverheid's private services. A server's
        certificate names this machine only (localhost, 127.0.0.1, ::1).

        Raises:
            InvalidInput: `oin` is not an OIN.
            UnsafeConfigurationError: `oin` has another prefix than 00000099; real organisations are never named.
            ConfigurationError: a key is there already.

        """
        if not parse_oin(oin).startswith(TEST_OIN_PREFIX):
            raise UnsafeConfigurationError(f"the test CA names OINs with prefix {TEST_OIN_PREFIX} only")
        key = ec.generate_private_key(ec.SECP256R1())
        issued = IssuedCertificate(certificate=folder / CERTIFICATE, key=folder / KEY)
        write_private(issued.key, _private_pem(key))
        issued.certificate.write_bytes(_public_pem(self._certificate_for(oin, name, key, server=server)))
        return issued

    def _certificate_for(
        self, oin: Oin, name: str, key: ec.EllipticCurvePrivateKey, *, server: bool
    ) -> x509.Certificate:
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
                x509.NameAttribute(NameOID.SERIAL_NUMBER, oin),
                x509.NameAttribute(NameOID.COMMON_NAME, "localhost" if server else "client"),
            ]
        )
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if server else [])]
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            _builder(subject, key, lifetime=LEAF_LIFETIME)
            .issuer_name(self._certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(issuer_key, critical=False)
        )
        if server:
            builder = builder.add_extension(x509.SubjectAlternativeName(_SERVER_NAMES), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, lifetime: timedelta
) -> x509.CertificateBuilder:
    start = datetime.now(UTC) - CLOCK_TOLERANCE
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
