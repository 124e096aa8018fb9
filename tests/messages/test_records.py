"""Records for the bus: addressed by partner, ordered by person or household, and silent about both."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import Fact, Reference
from gateway.messages.cloudevents import read_headers
from gateway.messages.parse import parse_bundle
from gateway.messages.records import ordering_key, to_record
from gateway.messages.signing import key_id, public_bytes, verify
from tests.support.facts import OIN_GGZ, OIN_VT, consent, household, involvement, message, person, pseudonym

KEY = Ed25519PrivateKey.generate()
names = st.sampled_from(["anna", "bram", "carla"])
partners = st.sampled_from([OIN_VT, OIN_GGZ])
facts: st.SearchStrategy[Fact] = (
    st.builds(involvement, partners, names)
    | st.builds(lambda oin, who: consent(oin, who, holder="ggz", asking="politie"), partners, names)
    | st.builds(household, partners, names, names)
)


def test_a_record_verifies_reads_back_and_goes_to_its_partners_topic() -> None:
    sent = message(involvement(OIN_VT, "anna"))
    record = to_record(sent, key=KEY, kid=key_id(KEY))
    envelope = read_headers(record.headers)
    assert record.topic == f"verwijsindex.ingress.{OIN_VT}"
    assert verify(record.value, envelope.jws, find_key=lambda _: public_bytes(KEY)) == key_id(KEY)
    assert parse_bundle(record.value) == sent
    assert (envelope.id, envelope.event, envelope.time) == (sent.id, sent.event, sent.recorded_at)


def test_the_same_message_gives_the_same_record() -> None:
    """Ed25519 is deterministic (RFC 8032 section 5.1.6): a repetition from the outbox is a repetition in bytes."""
    sent = message(household(OIN_VT, "anna", "bram"))
    assert to_record(sent, key=KEY, kid="k") == to_record(sent, key=KEY, kid="k")


@given(fact=facts)
def test_neither_key_nor_headers_hold_the_pseudonym(fact: Fact) -> None:
    record = to_record(message(fact), key=KEY, kid=key_id(KEY))
    outside = record.key + b"".join(record.headers.values()) + record.topic.encode()
    for name in ("anna", "bram", "carla"):
        assert pseudonym(name).reveal() not in outside
        assert pseudonym(name).reveal().hex().encode() not in outside
        # Whoever can compute pseudonyms must not find a person by the key.
        assert hashlib.sha256(pseudonym(name).reveal()).digest() not in outside
    assert len(record.key) == 32


def test_versions_of_one_involvement_keep_their_order_whoever_it_is_about() -> None:
    """Also when the pseudonym of an epoch goes, and when a wrong number is corrected."""
    one = Reference("one")
    keys = {ordering_key(involvement(OIN_VT, who, reference=one)) for who in ("anna", "bram")}
    keys.add(ordering_key(involvement(OIN_VT, "anna", reference=one, subject=person("anna", 1, 2))))
    assert len(keys) == 1
    assert ordering_key(involvement(OIN_VT, "anna", reference=Reference("two"))) not in keys
    assert ordering_key(involvement(OIN_GGZ, "anna", reference=one)) not in keys


def test_versions_of_one_household_keep_their_order_whoever_is_in_it() -> None:
    first = household(OIN_VT, "anna", reference=Reference("one"))
    assert ordering_key(first) == ordering_key(household(OIN_VT, "bram", "carla", reference=Reference("one")))
    assert ordering_key(first) != ordering_key(household(OIN_VT, "anna", reference=Reference("two")))
    assert ordering_key(first) != ordering_key(household(OIN_GGZ, "anna", reference=Reference("one")))
