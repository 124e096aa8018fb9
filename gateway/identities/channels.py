"""Connections to another organisation's service: mutual TLS with the own certificate, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import grpc

from gateway.identities.certificates import load_identity
from gateway.settings import TlsSettings


def secure_channel(
    address: str,
    tls: TlsSettings,
    *,
    server_name: str | None,
    now: datetime,
    service_config: Mapping[str, Any] | None = None,
) -> grpc.aio.Channel:
    """Return a channel to `address` (`host:port`); it connects at the first call and again after a loss.

    `server_name` is the name in the other side's certificate where it differs from the host. `service_config`
    is gRPC's (retries by method); without it nothing is repeated unasked. To be closed by the caller.

    Raises:
        ConfigurationError: certificate, key or CA cannot be used at `now`.

    """
    identity = load_identity(tls, now=now)
    credentials = grpc.ssl_channel_credentials(identity.trusted_ca, identity.key, identity.certificate_chain)
    options: list[tuple[str, Any]] = [
        # A name service or a peer must not be able to change what is repeated.
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.enable_retries", 0 if service_config is None else 1),
        # After a loss the first new attempt comes soon: somebody may be waiting.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 5000),
    ]
    if service_config is not None:
        options.append(("grpc.service_config", json.dumps(service_config)))
    if server_name is not None:
        options.append(("grpc.ssl_target_name_override", server_name))
    return grpc.aio.secure_channel(address, credentials, options=options)
