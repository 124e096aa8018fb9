"""A fact as the record that goes on the bus: built, signed, addressed."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.bus.ports import BusRecord
from gateway.bus.topics import TopicKind, topic_of
from gateway.domain import Fact, FactMessage
from gateway.messages.build import build_bundle
from gateway.messages.cloudevents import headers_of
from gateway.messages.signing import sign


def to_record(message: FactMessage, *, key: Ed25519PrivateKey, kid: str) -> BusRecord:
    """Return the signed record for the partner's ingress topic."""
    value = build_bundle(message)
    return BusRecord(
        topic=topic_of(TopicKind.INGRESS, message.id.source),
        key=ordering_key(message.fact),
        value=value,
        headers=headers_of(message, sign(value, key=key, kid=kid)),
    )


def ordering_key(fact: Fact) -> bytes:
    """Return the Kafka key: versions of one fact keep their order.

    A hash of the partner and its opaque reference. Nothing of a person is in it, so whoever can compute
    pseudonyms learns nothing from keys, and it stays the same when an epoch of the pseudonym key ends.
    """
    return hashlib.sha256(f"verwijsindex ordering {fact.partner}/{fact.reference}".encode()).digest()
