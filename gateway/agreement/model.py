"""What the index keeps of the partners' agreement: the versions laid down, and who signed or revoked which."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from gateway.convenant.model import Convenant
from gateway.domain import Oin


class ActKind(StrEnum):
    """What an organisation did with a version."""

    SIGN = "sign"
    REVOKE = "revoke"
    """It takes its signature back; the version ends, for a signatory for everybody, otherwise for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvenantVersion:
    """A version as it was laid down. `content` are the bytes of its file; it can take effect from the day `starts`."""

    convenant: Convenant
    content: bytes = field(repr=False)
    starts: date
    laid_down_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One organisation signs or revokes one version, named by its content hash. Never changed and never removed.

    `at` is when the index accepted it; `document` is the signed document itself, for whoever wants to check it again.
    """

    partner: Oin
    content_hash: str
    kind: ActKind
    at: datetime
    kid: str
    document: bytes = field(repr=False)
