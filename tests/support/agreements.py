"""Small convenants as files, and organisations that sign them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.agreement.model import ActKind
from gateway.agreement.signing import Statement, sign_document
from gateway.convenant.model import Convenant
from gateway.domain import Oin, Partner, PartnerKind, SigningKey
from gateway.messages.signing import key_id, public_bytes

VEILIG_THUIS = PartnerKind("veilig_thuis")


def convenant_file(*, signatories: Sequence[Oin], **head: Any) -> bytes:
    """Return a convenant of one kind and without rules; `head` changes its name, version, days or notice."""
    content = {
        "convenant": {
            "name": "Proefregio",
            "version": "1.0",
            "valid_from": "2026-01-01",
            "valid_until": "2026-12-31",
            "notice_days": "30",
        }
        | head,
        "signatories": list(signatories),
        "kinds": {VEILIG_THUIS: {"label": "Veilig Thuis", "roles": ["behandelaar"]}},
        "purposes": {"coordination-of-care": {"label": "Afstemming", "act_reason": "COC"}},
        "mandates": ["eigen-taak"],
        "rules": [],
    }
    return yaml.safe_dump(content).encode()


@dataclass(frozen=True)
class Signer:
    """An organisation with a signing key, as it stands in the directory."""

    oin: Oin
    kind: PartnerKind = VEILIG_THUIS
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate, repr=False)

    @property
    def kid(self) -> str:
        """The id of its key."""
        return key_id(self.key)

    def partner(self, since: datetime, **changes: Any) -> Partner:
        """Return it as a partner whose key counts for a year."""
        key = SigningKey(
            kid=self.kid,
            public_key=public_bytes(self.key),
            valid_from=since,
            valid_until=since + timedelta(days=365),
        )
        values: dict[str, Any] = {"oin": self.oin, "kind": self.kind, "name": f"Partner {self.oin[-4:]}"}
        return Partner(**values | {"signing_keys": (key,)} | changes)

    def statement(self, convenant: Convenant, at: datetime, **changes: Any) -> Statement:
        """Return its signature under the convenant as a statement, with changes."""
        values: dict[str, Any] = {
            "kind": ActKind.SIGN,
            "name": convenant.name,
            "version": convenant.version,
            "content_hash": convenant.content_hash,
            "organisation": self.oin,
            "kid": self.kid,
            "signed_at": at,
        }
        return Statement(**values | changes)

    def document(self, convenant: Convenant, at: datetime, **changes: Any) -> bytes:
        """Return the statement, signed with its key."""
        return sign_document(self.statement(convenant, at, **changes), self.key)
