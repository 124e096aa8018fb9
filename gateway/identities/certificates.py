"""Certificates of organisations as PKIoverheid makes them: the OIN stands in `subject.serialNumber`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from gateway.domain import Oin, parse_oin
from gateway.errors import ConfigurationError, InvalidInput
from gateway.keyfiles import read_private
from gateway.settings import TlsSettings

SERIAL_NUMBER_PATH = "certificate.subject.serialNumber"

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsIdentity:
    """What a process shows on a TLS connection, and whom it trusts: all PEM, checked to belong together."""

    certificate_chain: bytes
    key: bytes = field(repr=False)
    trusted_ca: bytes
    expires_at: datetime


def oin_of_certificate(pem: bytes) -> Oin:
    """Return the OIN in `subject.serialNumber` of the first certificate in `pem` (PKIoverheid, X.520 2.5.4.5).

    Raises:
        InvalidInput: no certificate, no or more than one serialNumber, or one that is not an OIN.

    """
    try:
        subject = x509.load_pem_x509_certificate(pem).subject
        numbers = subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    except ValueError:
        raise InvalidInput.at("certificate", "must be an X.509 certificate in PEM") from None
    if len(numbers) != 1:
        raise InvalidInput.at(SERIAL_NUMBER_PATH, "must be there exactly once")
    value = numbers[0].value
    return parse_oin(value if isinstance(value, str) else "", path=SERIAL_NUMBER_PATH)


def load_identity(tls: TlsSettings, *, now: datetime) -> TlsIdentity:
    """Read the three files of `tls` and check that a connection with them can succeed at `now` (aware).

    Raises:
        ConfigurationError: a file is missing or holds something else, the certificate is not valid at `now`,
            or the key is of another certificate.
        UnsafeConfigurationError: others than the owner may read the key.

    """
    chain = _read(tls.certificate, "certificate")
    trusted = _read(tls.trusted_ca, "CA")
    key = read_private(tls.key)
    [certificate, *_] = _parse(tls.certificate, chain, x509.load_pem_x509_certificates)
    _parse(tls.trusted_ca, trusted, x509.load_pem_x509_certificates)
    _refuse_outside_validity(tls.certificate, certificate, now)
    _refuse_other_key(tls, certificate, key)
    return TlsIdentity(
        certificate_chain=chain, key=key, trusted_ca=trusted, expires_at=certificate.not_valid_after_utc
    )


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read the {what} file {path}: {error.strerror}") from None


def _parse(path: Path, pem: bytes, read: Callable[[bytes], _Read]) -> _Read:
    try:
        return read(pem)
    except ValueError:
        raise ConfigurationError(f"{path} holds no X.509 certificate in PEM") from None


def _refuse_outside_validity(path: Path, certificate: x509.Certificate, now: datetime) -> None:
    if now > certificate.not_valid_after_utc:
        raise ConfigurationError(
            f"the certificate {path} expired on {certificate.not_valid_after_utc:%Y-%m-%d}; renew it"
        )
    if now < certificate.not_valid_before_utc:
        raise ConfigurationError(
            f"the certificate {path} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
        )


def _refuse_other_key(tls: TlsSettings, certificate: x509.Certificate, key: bytes) -> None:
    try:
        private = serialization.load_pem_private_key(key, password=None)
    except (ValueError, TypeError):
        raise ConfigurationError(f"{tls.key} holds no unencrypted PEM private key") from None
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    of_key = private.public_key().public_bytes(serialization.Encoding.DER, public)
    of_certificate = certificate.public_key().public_bytes(serialization.Encoding.DER, public)
    if of_key != of_certificate:
        raise ConfigurationError(f"{tls.key} is not the key of the certificate {tls.certificate}")
