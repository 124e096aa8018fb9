"""Changing the agreement: a version is laid down, signatures and revocations are accepted, all of it on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.agreement.model import Act, ActKind, ConvenantVersion
from gateway.agreement.ports import Agreements
from gateway.agreement.signing import FindKey, Statement, read_document, unverified
from gateway.agreement.standing import Standing, standing
from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.audit.ports import AuditLog
from gateway.clock import CLOCK_TOLERANCE, day_of
from gateway.convenant.reading import read_convenant
from gateway.domain import Oin, Partner
from gateway.errors import InvalidInput, Violation

LONGEST_WAY = timedelta(days=30)
"""How old a document may be when it is accepted: it goes by hand, and one that was put aside is not used later."""

LAID_DOWN = "convenant-laid-down"
_REASONS = {ActKind.SIGN: "convenant-signed", ActKind.REVOKE: "convenant-revoked"}


@dataclass(frozen=True, slots=True)
class Accepted:
    """What one document said, and whether it changed anything: one that is there already does not."""

    statement: Statement
    is_new: bool


class Administration:
    """Changes to the agreement inside one transaction, at one moment; nothing is changed without a record."""

    def __init__(self, agreements: Agreements, audit: AuditLog, *, at: datetime) -> None:
        self._agreements = agreements
        self._audit = audit
        self._at = at

    async def standing(self) -> Standing:
        """Return how every version stands now."""
        return standing(await self._agreements.versions(), await self._agreements.acts(), self._at)

    async def lay_down(self, content: bytes, *, starts: date | None = None) -> ConvenantVersion:
        """Keep the convenant in these bytes as a version that partners can sign, and that can start on that day.

        Without a day: the first one that the notice of the version now in force allows.

        Raises:
            InvalidInput: the bytes are no convenant; nobody must sign it; its name and version are laid down already;
                it is over before it can start; or the day is before the first that is allowed or after its last.

        """
        await self._agreements.hold()
        convenant = read_convenant(content)
        stands = await self.standing()
        first = earliest_start(convenant.valid_from, stands, day_of(self._at))
        version = ConvenantVersion(
            convenant=convenant, content=content, starts=starts or first, laid_down_at=self._at
        )
        _check_version(version, first=first, known=await self._agreements.versions())
        await self._agreements.lay_down(version)
        await self._record(LAID_DOWN, convenant.identity, None)
        return version

    async def accept(self, documents: Sequence[bytes], partners: Mapping[Oin, Partner]) -> Sequence[Accepted]:
        """Take in what organisations signed, in order. One document that is refused refuses them all.

        A document that was accepted before is passed over. `partners` is the directory.

        Raises:
            InvalidInput: the document is not what `sign_document` makes with a key that counts now; of an
                organisation that is no partner, or signs while switched off; on a version that is not laid down; from
                the future or too old; or not newer than what the organisation last said about that version.

        """
        await self._agreements.hold()
        accepted: list[Accepted] = []
        for place, document in enumerate(documents):
            try:
                accepted.append(await self._accept_one(document, partners))
            except InvalidInput as error:
                raise InvalidInput([_at(place, violation) for violation in error.violations]) from None
        return accepted

    async def _accept_one(self, document: bytes, partners: Mapping[Oin, Partner]) -> Accepted:
        # Step 1: who says it. What cannot be checked is not looked at any further.
        statement = read_document(document, find_key=keys_of(partners, self._at))
        partner = partners[statement.organisation]
        # Step 2: about what.
        versions = {each.convenant.content_hash: each for each in await self._agreements.versions()}
        version = versions.get(statement.content_hash)
        if version is None or not statement.speaks_of(version.convenant):
            raise InvalidInput.at("document.statement.sha256", "must be of a version that is laid down here")
        # Step 3: whether it is the organisation's last word.
        acts = [
            act
            for act in await self._agreements.acts()
            if (act.partner, act.content_hash) == (partner.oin, statement.content_hash)
        ]
        if any(act.document == document for act in acts):
            return Accepted(statement, is_new=False)
        self._check_time(statement, acts)
        if statement.kind is ActKind.SIGN and not partner.active:
            raise InvalidInput.at("document.statement.organisation", "must be a partner that is switched on")
        # Step 4.
        await self._add(statement, document)
        await self._record(_REASONS[statement.kind], version.convenant.identity, partner)
        return Accepted(statement, is_new=True)

    def _check_time(self, statement: Statement, earlier: Sequence[Act]) -> None:
        path = "document.statement.signed_at"
        if statement.signed_at > self._at + CLOCK_TOLERANCE:
            raise InvalidInput.at(path, "must not be in the future")
        if statement.signed_at < self._at - LONGEST_WAY:
            raise InvalidInput.at(path, f"must not be more than {LONGEST_WAY.days} days ago")
        # An old document that somebody kept must not undo what came after it.
        if any(statement.signed_at <= unverified(act.document).signed_at for act in earlier):
            raise InvalidInput.at(path, "must be later than what the organisation said before")

    async def _add(self, statement: Statement, document: bytes) -> None:
        await self._agreements.add(
            Act(
                partner=statement.organisation,
                content_hash=statement.content_hash,
                kind=statement.kind,
                at=self._at,
                kid=statement.kid,
                document=document,
            )
        )

    async def _record(self, reason: str, identity: str, partner: Partner | None) -> None:
        await self._audit.append(
            [
                AuditRecord(
                    at=self._at,
                    event=AuditEvent.ADMINISTRATION,
                    outcome=AuditOutcome.DONE,
                    organisation=None if partner is None else partner.oin,
                    kind=None if partner is None else partner.kind,
                    convenant=identity,
                    reason=reason,
                )
            ]
        )


def _at(place: int, violation: Violation) -> Violation:
    """Say which of the documents it is: the first is `documents[0]`."""
    return Violation(f"documents[{place}]{violation.path.removeprefix('document')}", violation.rule)


def earliest_start(valid_from: date, stands: Standing, today: date) -> date:
    """Return the first day on which a version laid down today can start: the one in force says how long notice is."""
    current = stands.in_force
    notice = 0 if current is None else current.version.convenant.notice_days
    return max(valid_from, today + timedelta(days=notice))


def keys_of(partners: Mapping[Oin, Partner], at: datetime) -> FindKey:
    """Return who finds the key of an organisation that counts at that moment."""

    def find(oin: Oin, kid: str) -> bytes | None:
        partner = partners.get(oin)
        key = None if partner is None else partner.signing_key(kid, at)
        return None if key is None else key.public_key

    return find


def _check_version(version: ConvenantVersion, *, first: date, known: Sequence[ConvenantVersion]) -> None:
    convenant = version.convenant
    named = {(each.convenant.name, each.convenant.version) for each in known}
    if not convenant.signatories:
        raise InvalidInput.at("signatories", "must name at least one organisation that must sign")
    if (convenant.name, convenant.version) in named:
        raise InvalidInput.at("convenant.version", "is laid down already; another text needs another version")
    if first > convenant.valid_until:
        raise InvalidInput.at(
            "convenant.valid_until", f"must not be before {first}, the first day it can start"
        )
    if version.starts < first:
        raise InvalidInput.at("starts", f"must not be before {first}, for the notice of the version in force")
    if version.starts > convenant.valid_until:
        raise InvalidInput.at("starts", "must not be after the last day of the convenant")
