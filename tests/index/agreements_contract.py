"""What every store must do with the agreement. A subclass gives the `store` fixture."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.agreement.model import Act, ActKind, ConvenantVersion
from gateway.agreement.reading import AgreementReader
from gateway.convenant.reading import read_convenant
from gateway.index.ports import IndexStore
from tests.support.agreements import convenant_file
from tests.support.sealed import NOON, OIN_GGZ, OIN_VT


class BoomError(Exception):
    """Raised in a transaction to see what stays."""


def version(number: str = "1.0", **changes: object) -> ConvenantVersion:
    content = convenant_file(version=number, signatories=[OIN_VT, OIN_GGZ])
    values: dict[str, object] = {
        "convenant": read_convenant(content),
        "content": content,
        "starts": date(2026, 3, 1),
        "laid_down_at": NOON - timedelta(days=1),
    }
    return ConvenantVersion(**values | changes)  # type: ignore[arg-type]


def act(of: ConvenantVersion, **changes: object) -> Act:
    values: dict[str, object] = {
        "partner": OIN_VT,
        "content_hash": of.convenant.content_hash,
        "kind": ActKind.SIGN,
        "at": NOON,
        "kid": "k1",
        "document": b'{"signed": true}',
    }
    return Act(**values | changes)  # type: ignore[arg-type]


class AgreementContract:
    async def test_versions_come_back_whole_in_the_order_in_which_they_were_laid_down(
        self, store: IndexStore
    ) -> None:
        later, earlier = version("2.0", starts=date(2026, 5, 1)), version("1.0")
        async with store.transaction() as tx:
            assert await tx.agreements.lay_down(later)
            assert await tx.agreements.lay_down(earlier)
        async with store.transaction() as tx:
            assert list(await tx.agreements.versions()) == [later, earlier]

    async def test_acts_come_back_whole_in_the_order_in_which_they_were_accepted(
        self, store: IndexStore
    ) -> None:
        laid_down = version()
        signed = act(laid_down, at=NOON + timedelta(microseconds=1))
        revoked = act(laid_down, kind=ActKind.REVOKE, at=NOON, document=b"\x00\xff", kid="k2")
        async with store.transaction() as tx:
            await tx.agreements.add(signed)
            await tx.agreements.add(revoked)
        async with store.transaction() as tx:
            assert list(await tx.agreements.acts()) == [signed, revoked]

    async def test_a_version_is_laid_down_once_and_stays_as_it_was(self, store: IndexStore) -> None:
        first = version()
        async with store.transaction() as tx:
            assert await tx.agreements.lay_down(first)
            assert not await tx.agreements.lay_down(replace(first, starts=date(2027, 1, 1)))
        async with store.transaction() as tx:
            assert list(await tx.agreements.versions()) == [first]

    async def test_the_revision_grows_with_everything_that_is_added_and_with_nothing_else(
        self, store: IndexStore
    ) -> None:
        first = version()
        seen = []
        async with store.transaction() as tx:
            seen.append(await tx.agreements.revision())
            await tx.agreements.lay_down(first)
            seen.append(await tx.agreements.revision())
            await tx.agreements.lay_down(first)
            assert await tx.agreements.revision() == seen[-1]
            await tx.agreements.add(act(first))
            seen.append(await tx.agreements.revision())
            await tx.agreements.add(act(first))
            seen.append(await tx.agreements.revision())
        async with store.transaction() as tx:
            assert await tx.agreements.revision() == seen[-1]
        assert seen == sorted(set(seen))

    async def test_what_is_rolled_back_leaves_nothing_of_the_agreement(self, store: IndexStore) -> None:
        async def fail_half_way() -> None:
            async with store.transaction() as tx:
                await tx.agreements.lay_down(version())
                await tx.agreements.add(act(version()))
                raise BoomError

        with pytest.raises(BoomError):
            await fail_half_way()
        async with store.transaction() as tx:
            assert list(await tx.agreements.versions()) == []
            assert list(await tx.agreements.acts()) == []
            assert await tx.agreements.revision() == 0

    async def test_whoever_holds_the_agreement_can_add_to_it(self, store: IndexStore) -> None:
        async with store.transaction() as tx:
            await tx.agreements.hold()
            await tx.agreements.hold()
            assert await tx.agreements.lay_down(version())

    async def test_a_reader_sees_the_next_signature_and_the_next_revocation(self, store: IndexStore) -> None:
        reader, laid_down = AgreementReader(), version()
        at = NOON + timedelta(hours=1)
        for added, parties in (
            (act(laid_down), None),
            (act(laid_down, partner=OIN_GGZ), {OIN_VT, OIN_GGZ}),
            (act(laid_down, kind=ActKind.REVOKE), None),
        ):
            async with store.transaction() as tx:
                await tx.agreements.lay_down(laid_down)
                await tx.agreements.add(added)
            async with store.transaction() as tx:
                found = await reader.in_force(tx.agreements, at)
            assert (None if found is None else found.parties) == parties
