"""An organisation's signature under a version of the agreement, or its revocation, as a document of its own.

A document is one JSON object: `statement`, what is signed, and `signature`, a detached JWS (RFC 7797, Ed25519) over
the statement as JSON with sorted names, no white space, and no escapes but those JSON must have (RFC 8259). Every
field is text and every field is signed; `type` keeps the signature from being one of a message on the bus, which the
same key makes. No index is named: partners agree with each other, and an index only keeps what they signed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import strict_json
from gateway.agreement.model import ActKind
from gateway.convenant.model import Convenant
from gateway.domain import Oin, parse_oin
from gateway.errors import InvalidInput, MessageRejected
from gateway.messages import signing

TYPE = "nl.verwijsindex.convenant-act.v1"
LARGEST_DOCUMENT = 8192
"""Bytes; a document is under two kilobytes."""

_TEXTS = {
    ActKind.SIGN: "De organisatie met OIN {oin} ondertekent {what}.",
    ActKind.REVOKE: "De organisatie met OIN {oin} trekt haar handtekening onder {what} in.",
}
_HASH = re.compile(r"[0-9a-f]{64}")
_FIELDS = frozenset(
    {"type", "act", "convenant", "version", "sha256", "organisation", "kid", "signed_at", "text"}
)

FindKey = Callable[[Oin, str], bytes | None]
"""The raw public key of an organisation by its id; None where it does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one organisation says about one version. `signed_at` is its own clock's.

    `name` and `version` are empty in a revocation that knows no more than the content hash.
    """

    kind: ActKind
    name: str
    version: str
    content_hash: str
    organisation: Oin
    kid: str
    signed_at: datetime

    @property
    def text(self) -> str:
        """What is signed, for people; it follows from the other fields, so it cannot say something else."""
        named = f"het convenant {self.name} {self.version}" if self.name else "het convenant"
        what = f"{named} met inhoud sha256:{self.content_hash}"
        return _TEXTS[self.kind].format(oin=self.organisation, what=what)

    def speaks_of(self, convenant: Convenant) -> bool:
        """Tell whether the statement is about exactly this version; only a revocation may leave out its name."""
        if self.content_hash != convenant.content_hash:
            return False
        named = (self.name, self.version)
        return named == (convenant.name, convenant.version) or (
            self.kind is ActKind.REVOKE and named == ("", "")
        )

    def fields(self) -> dict[str, str]:
        """Return the fields of the document."""
        return {
            "type": TYPE,
            "act": self.kind.value,
            "convenant": self.name,
            "version": self.version,
            "sha256": self.content_hash,
            "organisation": self.organisation,
            "kid": self.kid,
            "signed_at": _written(self.signed_at),
            "text": self.text,
        }


def sign_document(statement: Statement, key: Ed25519PrivateKey) -> bytes:
    """Return the signed document; `statement.kid` names the key."""
    fields = statement.fields()
    signature = signing.sign(_canonical(fields), key=key, kid=statement.kid)
    document = {"statement": fields, "signature": signature}
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def read_document(document: bytes, *, find_key: FindKey) -> Statement:
    """Check a document whole and return what the organisation in it says.

    Raises:
        InvalidInput: not one JSON object, a field more, less or twice, a value in another form than the one that
            `sign_document` writes, a key that does not count, or a signature of something else.

    """
    content = _read_object(document)
    statement = _read_statement(content["statement"])
    _check_signature(statement, content["signature"], find_key)
    return statement


def unverified(document: bytes) -> Statement:
    """Return what a document says without a look at its signature: for one that was checked when it was accepted.

    Raises:
        InvalidInput: it is not a document of this form.

    """
    return _read_statement(_read_object(document)["statement"])


def parse_content_hash(text: str, *, path: str) -> str:
    """Return `text` as a content hash; InvalidInput at `path` unless it is 64 hexadecimal digits in lower case."""
    if not _HASH.fullmatch(text):
        raise InvalidInput.at(path, "must be 64 hexadecimal digits in lower case")
    return text


def _read_object(document: bytes) -> dict[str, Any]:
    if len(document) > LARGEST_DOCUMENT:
        raise InvalidInput.at("document", f"must be at most {LARGEST_DOCUMENT} bytes")
    try:
        content = strict_json.read(document)
    except ValueError:
        raise InvalidInput.at("document", "must be JSON in UTF-8 that names no field twice") from None
    if not isinstance(content, dict) or content.keys() != {"statement", "signature"}:
        raise InvalidInput.at("document", "must have the fields statement and signature, and no other")
    return content


def _read_statement(fields: Any) -> Statement:
    if not isinstance(fields, dict) or fields.keys() != _FIELDS:
        raise InvalidInput.at("document.statement", f"must have the fields {', '.join(sorted(_FIELDS))}")
    for name, value in fields.items():
        if not isinstance(value, str):
            raise InvalidInput.at(f"document.statement.{name}", "must be text")
    statement = Statement(
        kind=_read_kind(fields["act"]),
        name=fields["convenant"],
        version=fields["version"],
        content_hash=parse_content_hash(fields["sha256"], path="document.statement.sha256"),
        organisation=parse_oin(fields["organisation"], path="document.statement.organisation"),
        kid=fields["kid"],
        signed_at=_read_moment(fields["signed_at"]),
    )
    # One form only: what was read is written back to the same fields, the text for people included.
    for name, value in statement.fields().items():
        if fields[name] != value:
            raise InvalidInput.at(f"document.statement.{name}", "is not what the other fields say")
    return statement


def _check_signature(statement: Statement, signature: Any, find_key: FindKey) -> None:
    if not isinstance(signature, str):
        raise InvalidInput.at("document.signature", "must be text")

    def find(kid: str) -> bytes | None:
        return find_key(statement.organisation, kid) if kid == statement.kid else None

    try:
        signing.verify(_canonical(statement.fields()), signature, find_key=find)
    except MessageRejected as error:
        raise InvalidInput.at("document.signature", error.violations[0].rule) from None


def _canonical(fields: dict[str, str]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def _read_kind(text: str) -> ActKind:
    try:
        return ActKind(text)
    except ValueError:
        raise InvalidInput.at("document.statement.act", "must be sign or revoke") from None


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _read_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        # In its one form; a time without a zone has another.
        if _written(moment) == text:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidInput.at(
        "document.statement.signed_at", "must be a time such as 2026-03-02T12:00:00.000000Z"
    )
