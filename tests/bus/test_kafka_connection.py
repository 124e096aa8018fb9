"""Connection settings become what aiokafka needs, or a clear refusal before anything is connected."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from gateway.bus.kafka_connection import connection_options
from gateway.domain import Oin
from gateway.errors import ConfigurationError, UnsafeConfigurationError
from gateway.identities.unsafe_test_ca import UnsafeTestCa
from gateway.settings import KafkaSecurity

OIN = Oin("00000099000000000001")


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    secret = tmp_path / "password"
    secret.write_text("synthetic\n")
    secret.chmod(0o600)
    return secret


@pytest.fixture
def security(tmp_path: Path) -> KafkaSecurity:
    """Mutual TLS with real files."""
    ca = UnsafeTestCa.create(tmp_path)
    issued = ca.issue(OIN, "Voorbeeld", tmp_path / "own")
    return KafkaSecurity(
        protocol="ssl", ca=ca.certificate_path, certificate=issued.certificate, key=issued.key
    )


def test_plaintext_needs_nothing() -> None:
    assert connection_options(KafkaSecurity()) == {"security_protocol": "PLAINTEXT"}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_sasl_takes_the_password_from_a_private_file(password_file: Path, mechanism: str) -> None:
    security = KafkaSecurity(
        protocol="sasl_plaintext", sasl_mechanism=mechanism, username="index", password_file=password_file
    )
    assert connection_options(security) == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "index",
        "sasl_plain_password": "synthetic",
    }


def test_sasl_over_tls_has_both(security: KafkaSecurity, password_file: Path) -> None:
    options = connection_options(
        security.model_copy(
            update={"protocol": "sasl_ssl", "username": "index", "password_file": password_file}
        )
    )
    assert options["security_protocol"] == "SASL_SSL"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert isinstance(options["ssl_context"], ssl.SSLContext)


def test_tls_checks_the_brokers_name_and_trusts_the_named_ca_alone(security: KafkaSecurity) -> None:
    context = connection_options(security)["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize("missing", ["username", "password_file"])
def test_sasl_needs_a_user_and_a_password_file(password_file: Path, missing: str) -> None:
    given = {"username": "index", "password_file": password_file}
    del given[missing]
    with pytest.raises(ConfigurationError, match="username and password_file"):
        connection_options(KafkaSecurity(protocol="sasl_ssl", **given))


def test_a_password_that_others_can_read_is_refused(password_file: Path) -> None:
    password_file.chmod(0o644)
    with pytest.raises(UnsafeConfigurationError):
        connection_options(
            KafkaSecurity(protocol="sasl_plaintext", username="index", password_file=password_file)
        )


@pytest.mark.parametrize(("content", "rule"), [(b"\n", "is empty"), (b"\xff\xfe", "UTF-8")])
def test_a_password_file_without_a_password_is_refused(
    password_file: Path, content: bytes, rule: str
) -> None:
    password_file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=rule):
        connection_options(
            KafkaSecurity(protocol="sasl_plaintext", username="index", password_file=password_file)
        )


def test_a_missing_ca_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="certificate files"):
        connection_options(KafkaSecurity(protocol="ssl", ca=tmp_path / "none.pem"))


@pytest.mark.parametrize("missing", ["certificate", "key"])
def test_a_certificate_without_its_key_is_refused(security: KafkaSecurity, missing: str) -> None:
    with pytest.raises(ConfigurationError, match="go together"):
        connection_options(security.model_copy(update={missing: None}))


def test_a_key_that_others_can_read_is_refused(security: KafkaSecurity) -> None:
    assert security.key is not None
    security.key.chmod(0o640)
    with pytest.raises(UnsafeConfigurationError):
        connection_options(security)


def test_an_encrypted_key_is_refused_without_asking_for_its_password(security: KafkaSecurity) -> None:
    assert security.key is not None
    key = serialization.load_pem_private_key(security.key.read_bytes(), password=None)
    security.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"synthetic"),
        )
    )
    with pytest.raises(ConfigurationError, match="certificate files cannot be used"):
        connection_options(security)
