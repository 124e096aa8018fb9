"""Break-glass declarations in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.domain import Declaration, Oin, Review, SealedPseudonym
from gateway.index.declarations import Declarations, DeclarationUse
from tests.support.fake_facts import State


class FakeDeclarations(Declarations):
    """Declarations and uses in tuples."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def add(self, declaration: Declaration) -> None:
        if not all(isinstance(each, SealedPseudonym) for each in declaration.subject.pseudonyms):
            raise TypeError("the index keeps sealed pseudonyms only")
        self._state.declarations += (declaration,)

    async def find(self, ids: Collection[str]) -> Mapping[str, Declaration]:
        return {each.id: each for each in self._state.declarations if each.id in ids}

    async def used(self, uses: Sequence[DeclarationUse]) -> None:
        self._state.uses += tuple(uses)

    async def uses_of(self, declarations: Collection[str]) -> Mapping[str, Sequence[DeclarationUse]]:
        ordered = sorted(self._state.uses, key=lambda use: (use.at, use.record_id))
        found = {each: [use for use in ordered if use.declaration == each] for each in declarations}
        return {each: uses for each, uses in found.items() if uses}

    async def since(self, since: datetime, *, partner: Oin | None = None) -> Sequence[Declaration]:
        return sorted(
            (
                each
                for each in self._state.declarations
                if each.declared_at >= since and partner in {None, each.partner}
            ),
            key=lambda each: (each.declared_at, each.id),
        )

    async def unreviewed(self) -> Sequence[Declaration]:
        return self._by_due_day(each for each in self._state.declarations if each.review is None)

    async def overdue(self, at: datetime) -> Sequence[Declaration]:
        return self._by_due_day(each for each in self._state.declarations if each.is_overdue(at))

    def _by_due_day(self, found: Iterable[Declaration]) -> Sequence[Declaration]:
        return sorted(found, key=lambda each: (each.review_due, each.id))

    async def reviewed(self, declaration: str, review: Review) -> bool:
        return self._change(
            declaration, lambda each: each.review is None, lambda each: replace(each, review=review)
        )

    async def escalated(self, declaration: str, at: datetime, *, not_since: datetime) -> bool:
        return self._change(
            declaration,
            lambda each: (
                each.review is None and (each.escalated_at is None or each.escalated_at <= not_since)
            ),
            lambda each: replace(each, escalated_at=at),
        )

    def _change(
        self,
        declaration: str,
        may: Callable[[Declaration], bool],
        change: Callable[[Declaration], Declaration],
    ) -> bool:
        before = self._state.declarations
        self._state.declarations = tuple(
            change(each) if each.id == declaration and may(each) else each for each in before
        )
        return self._state.declarations != before
