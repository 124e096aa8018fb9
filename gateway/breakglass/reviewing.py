"""The work of the officers: which declarations wait for a review, what was stated, and how it was judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.audit.officers import officer_named
from gateway.breakglass.noticing import tell_all
from gateway.breakglass.sealing import TextSealer
from gateway.convenant.model import Convenant
from gateway.domain import Declaration, Oin, Review, ReviewOutcome
from gateway.errors import InvalidInput
from gateway.index.declarations import DeclarationUse
from gateway.index.ports import IndexStore, Transaction
from gateway.messages.notices import NoticeEvent

READ = "break-glass-read"
"""The reason in the audit record of an officer who read a declaration."""

_EVENTS = {
    ReviewOutcome.JUSTIFIED: NoticeEvent.JUSTIFIED,
    ReviewOutcome.UNJUSTIFIED: NoticeEvent.UNJUSTIFIED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A declaration with the questions answered under it, oldest first. `names` has every partner's name.

    `convenant` is the version under which it was declared; None where the store has it no more.
    """

    declaration: Declaration
    uses: tuple[DeclarationUse, ...]
    names: Mapping[Oin, str]
    convenant: Convenant | None

    @property
    def ground(self) -> str:
        """The ground in the words of the convenant; its code where there are none."""
        terms = None if self.convenant is None else self.convenant.break_glass
        return (
            self.declaration.ground
            if terms is None
            else terms.grounds.get(self.declaration.ground, self.declaration.ground)
        )

    @property
    def purpose(self) -> str:
        """The purpose in the words of the convenant; its code where there are none."""
        known = None if self.convenant is None else self.convenant.purposes.get(self.declaration.purpose)
        return self.declaration.purpose if known is None else known.label

    @property
    def shown(self) -> frozenset[Oin]:
        """The partners that it showed."""
        return frozenset(partner for use in self.uses for partner in use.shown)


class Reviews:
    """What the officers of the index do with declarations. What they read of one, and what they find, is on record."""

    def __init__(self, *, store: IndexStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def unreviewed(self) -> Sequence[Dossier]:
        """Return what waits for a review, by the time it is due. Lists only: nobody reads a person or a text here."""
        async with self._store.transaction() as tx:
            return await _dossiers(tx, await tx.declarations.unreviewed())

    async def since(self, since: datetime) -> Sequence[Dossier]:
        """Return every declaration made from that time on, oldest first. Lists only, as `unreviewed`."""
        async with self._store.transaction() as tx:
            return await _dossiers(tx, await tx.declarations.since(since))

    async def read(self, declaration_id: str, *, officer: str, sealer: TextSealer) -> tuple[Dossier, str]:
        """Return a declaration with its stated text, once it is on record that this officer read it.

        Raises:
            InvalidInput: at `id`, there is no such declaration; at `reviewer`, what cannot be an officer's id.
            ConfigurationError: the text cannot be opened with this key.

        """
        reader = officer_named(officer)
        async with self._store.transaction() as tx:
            dossier = await _dossier(tx, declaration_id)
            await tx.audit.append(
                [
                    AuditRecord(
                        at=self._clock(),
                        event=AuditEvent.LOG_ACCESS,
                        outcome=AuditOutcome.DONE,
                        professional=reader,
                        subject=dossier.declaration.subject,
                        reason=READ,
                        emergency=declaration_id,
                    )
                ]
            )
        return dossier, sealer.open(dossier.declaration.explanation, declaration=declaration_id)

    async def review(self, declaration_id: str, outcome: ReviewOutcome, *, officer: str) -> Dossier:
        """Write down how a declaration was judged; tell the asker's officers and those of every partner it showed.

        One judged unjustified ends at that moment.

        Raises:
            InvalidInput: at `id`, there is no such declaration, or it was reviewed already; at `reviewer`, what cannot
                be an officer's id.

        """
        reviewer = officer_named(officer)
        now = self._clock()
        review = Review(outcome=outcome, reviewer=reviewer.id, at=now)
        async with self._store.transaction() as tx:
            dossier = await _dossier(tx, declaration_id)
            if not await tx.declarations.reviewed(declaration_id, review):
                raise InvalidInput.at("id", "this declaration was reviewed already")
            declaration = dossier.declaration
            record = AuditRecord(
                at=now,
                event=AuditEvent.REVIEW,
                outcome=AuditOutcome.DONE,
                organisation=declaration.partner,
                kind=declaration.kind,
                professional=reviewer,
                subject=declaration.subject,
                purpose=declaration.purpose,
                convenant=declaration.convenant,
                reason=outcome.value,
                emergency=declaration_id,
            )
            await tx.outgoing.add(
                tell_all(dossier.shown, _EVENTS[outcome], declaration, at=now, occasion=record.record_id)
            )
            await tx.audit.append([record])
        return replace(dossier, declaration=replace(declaration, review=review))


async def _dossier(tx: Transaction, declaration_id: str) -> Dossier:
    found = await tx.declarations.find([declaration_id])
    if declaration_id not in found:
        raise InvalidInput.at("id", "there is no declaration with this id")
    [dossier] = await _dossiers(tx, [found[declaration_id]])
    return dossier


async def _dossiers(tx: Transaction, declarations: Sequence[Declaration]) -> Sequence[Dossier]:
    uses = await tx.declarations.uses_of([each.id for each in declarations])
    names = {partner.oin: partner.name for partner in await tx.partners.all()}
    versions = {each.convenant.identity: each.convenant for each in await tx.agreements.versions()}
    return [
        Dossier(
            declaration=each,
            uses=tuple(uses.get(each.id, ())),
            names=names,
            convenant=versions.get(each.convenant),
        )
        for each in declarations
    ]
