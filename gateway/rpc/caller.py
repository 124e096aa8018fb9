"""Who calls: the OIN in the client certificate of the mutual TLS connection, and nothing in the request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Protocol, TypeVar

from gateway.agreement.admission import active
from gateway.domain import Oin, Partner
from gateway.errors import InvalidInput, Unauthenticated
from gateway.identities.certificates import oin_of_certificate
from gateway.index.ports import Directory, IndexStore

_PEER_CERTIFICATE = "x509_pem_cert"
"""Name under which gRPC hands out the certificate that the TLS handshake verified."""

_KNOWN_CERTIFICATES = 1024
"""More than the partners of one index have; a certificate is read once, not once a call."""


Request = TypeVar("Request")


class Connection(Protocol):
    """The part of a gRPC call's context that says who is on the other side."""

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """Return what the TLS handshake verified."""


def caller_of(connection: Connection) -> Oin:
    """Return the caller's OIN.

    Raises:
        Unauthenticated: there is no client certificate, or its subject.serialNumber is not an OIN.

    """
    certificates = list(connection.auth_context().get(_PEER_CERTIFICATE, ()))
    try:
        [certificate] = certificates
        return _oin(certificate)
    except (ValueError, InvalidInput):
        raise Unauthenticated(
            "NO_OIN", "the client certificate must hold the organisation's OIN in subject.serialNumber"
        ) from None


async def known_partner(partners: Directory, oin: Oin) -> Partner:
    """Return the partner that calls.

    Raises:
        Unauthenticated: no partner has this OIN.
        NotPermitted: the partner is switched off.

    """
    return active(await partners.find(oin))


async def read_for(store: IndexStore, caller: Oin, read: Callable[[], Request]) -> Request:
    """Return the request as read. Who is no partner is told that, and nothing of the rules.

    A request that can be read has this check in the transaction that answers it.

    Raises:
        Unauthenticated, NotPermitted: as `known_partner`, for a request that breaks a rule.
        InvalidInput: what `read` raises, to a partner.

    """
    try:
        return read()
    except InvalidInput:
        async with store.transaction() as tx:
            await known_partner(tx.partners, caller)
        raise


@lru_cache(maxsize=_KNOWN_CERTIFICATES)
def _oin(certificate: bytes) -> Oin:
    return oin_of_certificate(certificate)
