"""How to reach a Kafka cluster: TLS, client certificates and SASL out of the settings."""

from __future__ import annotations

import ssl
from typing import Any

from gateway.errors import ConfigurationError
from gateway.keyfiles import read_private
from gateway.settings import KafkaSecurity


def connection_options(security: KafkaSecurity) -> dict[str, Any]:
    """Return aiokafka's connection options (`security_protocol`, `ssl_context`, `sasl_…`).

    Raises:
        ConfigurationError: a file is missing or cannot be used, or half of a pair is not set.
        UnsafeConfigurationError: others than the owner can read the key or the password.

    """
    options: dict[str, Any] = {"security_protocol": security.protocol.upper()}
    if security.protocol in {"ssl", "sasl_ssl"}:
        options["ssl_context"] = _tls_context(security)
    if security.protocol.startswith("sasl_"):
        options |= {
            "sasl_mechanism": security.sasl_mechanism,
            "sasl_plain_username": security.username,
            "sasl_plain_password": _password(security),
        }
    return options


def _password(security: KafkaSecurity) -> str:
    if not security.username or security.password_file is None:
        raise ConfigurationError("bus.kafka: username and password_file are needed for SASL")
    try:
        password = read_private(security.password_file).decode().strip()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{security.password_file} must hold the password as UTF-8 text") from None
    if not password:
        raise ConfigurationError(f"{security.password_file} is empty")
    return password


def _tls_context(security: KafkaSecurity) -> ssl.SSLContext:
    """Trust `ca` alone (without it the system's CAs), check the broker's name, TLS 1.2 or newer."""
    if (security.certificate is None) != (security.key is None):
        raise ConfigurationError("bus.kafka: certificate and key go together")
    try:
        context = ssl.create_default_context(cafile=security.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if security.certificate is not None and security.key is not None:
            read_private(security.key)
            # An empty password makes an encrypted key fail here; without one OpenSSL would ask the terminal.
            context.load_cert_chain(security.certificate, security.key, password="")
    except OSError as error:
        raise ConfigurationError(
            f"bus.kafka: the certificate files cannot be used ({error.strerror or type(error).__name__})"
        ) from None
    return context
