"""A signed document: everything in it is signed, there is one way to write it, and it says one thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.agreement.model import ActKind
from gateway.agreement.signing import (
    LARGEST_DOCUMENT,
    Statement,
    read_document,
    sign_document,
    unverified,
)
from gateway.convenant.reading import read_convenant
from gateway.domain import Oin
from gateway.errors import InvalidInput
from gateway.messages import signing
from tests.support.agreements import Signer, convenant_file
from tests.support.sealed import OIN_GGZ, OIN_VT

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
VT, GGZ = Signer(OIN_VT), Signer(OIN_GGZ)
CONVENANT = read_convenant(convenant_file(signatories=[OIN_VT, OIN_GGZ]))
DOCUMENT = VT.document(CONVENANT, NOON)


def find_key(oin: Oin, kid: str) -> bytes | None:
    return {(each.oin, each.kid): signing.public_bytes(each.key) for each in (VT, GGZ)}.get((oin, kid))


def read(document: bytes) -> Statement:
    return read_document(document, find_key=find_key)


def changed(change: Callable[[dict[str, Any]], None], document: bytes = DOCUMENT) -> bytes:
    content = json.loads(document)
    change(content)
    return json.dumps(content, ensure_ascii=False).encode()


def resigned(**fields: Any) -> bytes:
    """Return a document with these fields, signed by Veilig Thuis as somebody who follows no rule would."""
    statement = VT.statement(CONVENANT, NOON).fields() | fields
    bare = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    signature = signing.sign(bare, key=VT.key, kid=VT.kid)
    return json.dumps({"statement": statement, "signature": signature}).encode()


@pytest.mark.parametrize("kind", ActKind)
def test_what_was_signed_is_read_back(kind: ActKind) -> None:
    statement = VT.statement(CONVENANT, NOON, kind=kind)
    assert read(sign_document(statement, VT.key)) == statement
    assert unverified(sign_document(statement, VT.key)) == statement


@given(st.datetimes(timezones=st.just(UTC)), st.text(min_size=1, max_size=80).filter(str.isprintable))
def test_every_time_and_every_name_is_read_back(at: datetime, name: str) -> None:
    statement = VT.statement(CONVENANT, at, name=name)
    assert read(sign_document(statement, VT.key)) == statement


def test_the_text_for_people_names_organisation_convenant_version_and_content() -> None:
    statement = read(DOCUMENT)
    assert statement.text == (
        f"De organisatie met OIN {OIN_VT} ondertekent het convenant Proefregio 1.0 met inhoud "
        f"sha256:{CONVENANT.content_hash}."
    )
    assert "trekt haar handtekening onder" in VT.statement(CONVENANT, NOON, kind=ActKind.REVOKE).text


def test_white_space_and_the_order_of_fields_do_not_matter() -> None:
    content = json.loads(DOCUMENT)
    turned = {name: content[name] for name in reversed(content)}
    turned["statement"] = {name: content["statement"][name] for name in reversed(content["statement"])}
    assert read(json.dumps(turned).encode()) == read(DOCUMENT)


@pytest.mark.parametrize("name", sorted(json.loads(DOCUMENT)["statement"]))
def test_no_field_can_be_changed_left_out_or_be_something_else_than_text(name: str) -> None:
    for value in ("", "x", "0" * 64, OIN_GGZ, "revoke", "2027-01-01T00:00:00.000000Z", 1, None, ["x"]):
        with pytest.raises(InvalidInput):
            read(changed(lambda content, value=value: content["statement"].update({name: value})))  # type: ignore[misc]
    with pytest.raises(InvalidInput):
        read(changed(lambda content: content["statement"].pop(name)))


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "nl.verwijsindex.something-else.v1"},
        {"text": "De organisatie ondertekent niets."},
        {"organisation": OIN_GGZ},
        {"organisation": "1"},
        {"kid": "another-kid"},
        {"kid": GGZ.kid},
        {"act": "agree"},
        {"sha256": "A" * 64},
        {"signed_at": "2026-03-02T12:00:00Z"},
        {"signed_at": "2026-03-02T13:00:00.000000+01:00"},
        {"signed_at": "2026-03-02T12:00:00.000000"},
        {"signed_at": "0001-01-01T00:00:00.000000+01:00"},
        {"remark": "something the signer saw and the reader does not"},
    ],
    ids="-".join,
)
def test_a_statement_that_is_not_written_in_its_one_way_is_refused_also_when_signed(
    fields: dict[str, str],
) -> None:
    with pytest.raises(InvalidInput):
        read(resigned(**fields))


def test_a_document_that_follows_every_rule_passes_the_same_way() -> None:
    assert read(resigned()) == read(DOCUMENT)


def test_a_signature_of_somebody_elses_key_is_refused() -> None:
    forged = sign_document(VT.statement(CONVENANT, NOON), GGZ.key)
    with pytest.raises(InvalidInput, match="signature"):
        read(forged)
    named = sign_document(VT.statement(CONVENANT, NOON, kid=GGZ.kid), GGZ.key)
    with pytest.raises(InvalidInput, match="signature"):
        read(named)


def test_a_signature_does_not_pass_for_another_version_or_for_a_revocation() -> None:
    signature = json.loads(DOCUMENT)["signature"]
    other = read_convenant(convenant_file(version="1.1", signatories=[OIN_VT, OIN_GGZ]))
    for statement in (
        VT.statement(other, NOON),
        VT.statement(CONVENANT, NOON, kind=ActKind.REVOKE),
        VT.statement(CONVENANT, NOON + timedelta(microseconds=1)),
    ):
        moved = json.dumps({"statement": statement.fields(), "signature": signature}).encode()
        with pytest.raises(InvalidInput, match="signature"):
            read(moved)


def test_the_signature_of_a_bus_message_does_not_pass() -> None:
    statement = VT.statement(CONVENANT, NOON).fields()
    message = b'{"resourceType":"Bundle"}'
    signature = signing.sign(message, key=VT.key, kid=VT.kid)
    with pytest.raises(InvalidInput, match="signature"):
        read(json.dumps({"statement": statement, "signature": signature}).encode())


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b"{}",
        DOCUMENT[:-3],
        DOCUMENT.replace(b'"act": "sign"', b'"act": "revoke", "act": "sign"'),
        DOCUMENT.replace(b'"signature"', b'"statement": {}, "signature"'),
        DOCUMENT.replace(b'"text": "', b'"text": "\\ud800'),
        DOCUMENT + b" " * LARGEST_DOCUMENT,
        changed(lambda content: content.update(signature=None)),
        changed(lambda content: content.update(statement=[])),
        changed(lambda content: content.update(more="x")),
        changed(lambda content: content.pop("signature")),
        changed(lambda content: content.update(signature="a.b.c")),
        changed(lambda content: content.update(signature="x" * 2000)),
    ],
    ids=range(17),
)
def test_what_is_no_document_of_this_form_is_refused(document: bytes) -> None:
    with pytest.raises(InvalidInput):
        read(document)


def test_a_refusal_repeats_nothing_of_the_document() -> None:
    with pytest.raises(InvalidInput) as caught:
        read(resigned(text="planted", organisation="planted"))
    assert "planted" not in str(caught.value)


def test_only_a_revocation_may_know_no_more_than_the_content_hash() -> None:
    for kind, passes in ((ActKind.SIGN, False), (ActKind.REVOKE, True)):
        statement = VT.statement(CONVENANT, NOON, kind=kind, name="", version="")
        assert statement.speaks_of(CONVENANT) is passes
    assert VT.statement(CONVENANT, NOON).speaks_of(CONVENANT)
    for changes in ({"name": "Andere regio"}, {"version": "2.0"}, {"content_hash": "0" * 64}, {"name": ""}):
        assert not VT.statement(CONVENANT, NOON, kind=ActKind.REVOKE, **changes).speaks_of(CONVENANT)
