"""Changing the agreement: what may be laid down and when, whose word is taken, and that all of it is on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.agreement.administration import LONGEST_WAY, Accepted, Administration
from gateway.agreement.model import ActKind, ConvenantVersion
from gateway.agreement.signing import sign_document
from gateway.audit.model import AuditEvent, AuditOutcome
from gateway.clock import CLOCK_TOLERANCE
from gateway.convenant.model import Convenant
from gateway.convenant.reading import read_convenant
from gateway.domain import Oin
from gateway.errors import InvalidInput
from tests.support.agreements import Signer, convenant_file
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = date(2026, 3, 2)
SECOND = timedelta(seconds=1)
VT, GGZ, POLITIE = Signer(OIN_VT), Signer(OIN_GGZ), Signer(OIN_POLITIE)
FILE = convenant_file(signatories=[OIN_VT, OIN_GGZ])
CONVENANT = read_convenant(FILE)


@pytest.fixture
def store() -> FakeIndexStore:
    """A directory with three partners whose keys count since yesterday."""
    return FakeIndexStore(*(each.partner(NOON - timedelta(days=1)) for each in (VT, GGZ, POLITIE)))


async def lay_down(
    store: FakeIndexStore, content: bytes = FILE, *, starts: date | None = None, at: datetime = NOON
) -> ConvenantVersion:
    async with store.transaction() as tx:
        return await Administration(tx.agreements, tx.audit, at=at).lay_down(content, starts=starts)


async def accept(store: FakeIndexStore, *documents: bytes, at: datetime = NOON) -> Sequence[Accepted]:
    async with store.transaction() as tx:
        partners = {partner.oin: partner for partner in await tx.partners.all()}
        return await Administration(tx.agreements, tx.audit, at=at).accept(documents, partners)


async def in_force(store: FakeIndexStore, at: datetime = NOON) -> Convenant | None:
    async with store.transaction() as tx:
        found = (await Administration(tx.agreements, tx.audit, at=at).standing()).in_force
    return None if found is None else found.version.convenant


async def agreed(store: FakeIndexStore) -> None:
    """Lay the first version down and have both signatories sign it."""
    await lay_down(store)
    await accept(store, VT.document(CONVENANT, NOON), GGZ.document(CONVENANT, NOON))


def change_partner(store: FakeIndexStore, oin: Oin, **changes: object) -> None:
    store.state.partners[oin] = replace(store.state.partners[oin], **changes)  # type: ignore[arg-type]


class TestLayingDown:
    async def test_the_first_version_can_start_today(self, store: FakeIndexStore) -> None:
        version = await lay_down(store)
        assert (version.starts, version.laid_down_at, version.content) == (TODAY, NOON, FILE)
        assert store.state.convenants == (version,)

    async def test_a_version_starts_no_earlier_than_it_is_valid(self, store: FakeIndexStore) -> None:
        content = convenant_file(signatories=[OIN_VT], valid_from="2026-06-01")
        assert (await lay_down(store, content)).starts == date(2026, 6, 1)

    async def test_a_version_that_replaces_one_starts_after_the_notice_that_that_one_asks(
        self, store: FakeIndexStore
    ) -> None:
        await agreed(store)
        content = convenant_file(signatories=[OIN_VT], version="1.1", notice_days="5")
        with pytest.raises(InvalidInput, match="starts: must not be before 2026-04-01"):
            await lay_down(store, content, starts=date(2026, 3, 31))
        assert (await lay_down(store, content)).starts == TODAY + timedelta(days=30)

    async def test_a_later_day_can_be_chosen(self, store: FakeIndexStore) -> None:
        assert (await lay_down(store, starts=date(2026, 7, 1))).starts == date(2026, 7, 1)

    async def test_where_the_version_in_force_ended_nobody_waits(self, store: FakeIndexStore) -> None:
        await agreed(store)
        await accept(store, VT.document(CONVENANT, NOON + SECOND, kind=ActKind.REVOKE))
        content = convenant_file(signatories=[OIN_VT], version="1.1")
        assert (await lay_down(store, content)).starts == TODAY

    @pytest.mark.parametrize(
        ("head", "starts", "rule"),
        [
            ({"valid_until": "2026-03-01"}, None, "convenant.valid_until"),
            ({}, date(2026, 3, 1), "starts: must not be before 2026-03-02"),
            ({}, date(2027, 1, 1), "starts: must not be after"),
            ({"signatories": []}, None, "signatories: must name"),
        ],
        ids=["over", "yesterday", "after-its-end", "nobody-signs"],
    )
    async def test_a_version_that_could_never_be_in_force_is_not_laid_down(
        self, store: FakeIndexStore, head: dict[str, object], starts: date | None, rule: str
    ) -> None:
        content = convenant_file(**{"signatories": [OIN_VT]} | head)  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match=rule):
            await lay_down(store, content, starts=starts)
        assert store.state.convenants == ()
        assert store.state.audit == ()

    async def test_a_name_and_version_are_laid_down_once(self, store: FakeIndexStore) -> None:
        await lay_down(store)
        for content in (FILE, convenant_file(signatories=[OIN_VT], valid_until="2027-12-31")):
            with pytest.raises(InvalidInput, match=r"convenant\.version: is laid down already"):
                await lay_down(store, content)

    async def test_what_is_no_convenant_is_not_laid_down(self, store: FakeIndexStore) -> None:
        with pytest.raises(InvalidInput):
            await lay_down(store, b"convenant: {}\n")


class TestAccepting:
    async def test_a_version_is_in_force_once_every_signatory_is_accepted(
        self, store: FakeIndexStore
    ) -> None:
        await lay_down(store)
        await accept(store, VT.document(CONVENANT, NOON))
        assert await in_force(store) is None
        await accept(store, GGZ.document(CONVENANT, NOON))
        assert await in_force(store) == CONVENANT

    async def test_a_revocation_of_a_signatory_ends_it_at_once(self, store: FakeIndexStore) -> None:
        await agreed(store)
        [revoked] = await accept(store, GGZ.document(CONVENANT, NOON + SECOND, kind=ActKind.REVOKE))
        assert revoked.is_new
        assert await in_force(store) is None

    async def test_a_revocation_may_name_the_content_alone(self, store: FakeIndexStore) -> None:
        await agreed(store)
        bare = GGZ.document(CONVENANT, NOON + SECOND, kind=ActKind.REVOKE, name="", version="")
        await accept(store, bare)
        assert await in_force(store) is None

    async def test_the_document_is_kept_as_it_came(self, store: FakeIndexStore) -> None:
        await lay_down(store)
        document = VT.document(CONVENANT, NOON - timedelta(hours=1))
        await accept(store, document)
        [act] = store.state.acts
        assert (act.partner, act.kind, act.kid, act.at) == (OIN_VT, ActKind.SIGN, VT.kid, NOON)
        assert act.content_hash == CONVENANT.content_hash
        assert act.document == document

    async def test_the_same_document_again_changes_nothing(self, store: FakeIndexStore) -> None:
        await lay_down(store)
        document = VT.document(CONVENANT, NOON)
        first, second = [await accept(store, document, document), await accept(store, document)]
        assert [each.is_new for each in (*first, *second)] == [True, False, False]
        assert len(store.state.acts) == 1

    async def test_an_old_signature_does_not_undo_a_later_revocation(self, store: FakeIndexStore) -> None:
        await agreed(store)
        kept = VT.document(CONVENANT, NOON + SECOND)
        await accept(store, VT.document(CONVENANT, NOON + 2 * SECOND, kind=ActKind.REVOKE))
        for again in (kept, VT.document(CONVENANT, NOON + 2 * SECOND)):
            with pytest.raises(InvalidInput, match="must be later than what the organisation said before"):
                await accept(store, again)
        assert await in_force(store) is None

    async def test_an_old_revocation_does_not_undo_a_later_signature(self, store: FakeIndexStore) -> None:
        await lay_down(store)
        kept = VT.document(CONVENANT, NOON - SECOND, kind=ActKind.REVOKE)
        await accept(store, VT.document(CONVENANT, NOON))
        with pytest.raises(InvalidInput, match="must be later"):
            await accept(store, kept)

    async def test_a_signature_that_was_accepted_before_stays_undone_when_it_comes_again(
        self, store: FakeIndexStore
    ) -> None:
        await agreed(store)
        await accept(store, VT.document(CONVENANT, NOON + SECOND, kind=ActKind.REVOKE))
        first = store.state.acts[0].document
        [again] = await accept(store, first)
        assert not again.is_new
        assert len(store.state.acts) == 3
        assert await in_force(store) is None

    @pytest.mark.parametrize(
        ("shift", "passes"),
        [
            (CLOCK_TOLERANCE, True),
            (CLOCK_TOLERANCE + SECOND, False),
            (-LONGEST_WAY, True),
            (-LONGEST_WAY - SECOND, False),
        ],
        ids=["a-little-ahead", "in-the-future", "just-in-time", "too-old"],
    )
    async def test_a_document_is_accepted_for_some_weeks_and_not_from_the_future(
        self, store: FakeIndexStore, shift: timedelta, passes: bool
    ) -> None:
        await lay_down(store)
        document = VT.document(CONVENANT, NOON + shift)
        if passes:
            await accept(store, document)
        else:
            with pytest.raises(InvalidInput, match="signed_at"):
                await accept(store, document)
        assert len(store.state.acts) == passes

    async def test_a_version_that_is_not_laid_down_cannot_be_signed(self, store: FakeIndexStore) -> None:
        await lay_down(store)
        for statement in (
            VT.statement(CONVENANT, NOON, content_hash="0" * 64),
            VT.statement(CONVENANT, NOON, name="Andere regio"),
            VT.statement(CONVENANT, NOON, name="", version=""),
        ):
            with pytest.raises(InvalidInput, match="sha256"):
                await accept(store, sign_document(statement, VT.key))

    async def test_a_stranger_cannot_sign(self, store: FakeIndexStore) -> None:
        await lay_down(store)
        stranger = Signer(Oin("00000099100000009900"))
        with pytest.raises(InvalidInput, match="key of the partner"):
            await accept(store, stranger.document(CONVENANT, NOON))

    async def test_a_key_that_is_over_or_not_yet_valid_does_not_count(self, store: FakeIndexStore) -> None:
        await lay_down(store)
        for since in (NOON - timedelta(days=400), NOON + timedelta(days=1)):
            store.state.partners[OIN_VT] = VT.partner(since)
            with pytest.raises(InvalidInput, match="key of the partner that counts now"):
                await accept(store, VT.document(CONVENANT, NOON))

    async def test_a_partner_that_is_switched_off_cannot_sign_and_can_revoke(
        self, store: FakeIndexStore
    ) -> None:
        await agreed(store)
        change_partner(store, OIN_VT, active=False)
        with pytest.raises(InvalidInput, match="switched on"):
            await accept(store, VT.document(CONVENANT, NOON + SECOND))
        await accept(store, VT.document(CONVENANT, NOON + 2 * SECOND, kind=ActKind.REVOKE))
        assert await in_force(store) is None

    async def test_an_organisation_that_need_not_sign_can_accede(self, store: FakeIndexStore) -> None:
        await agreed(store)
        await accept(store, POLITIE.document(CONVENANT, NOON))
        assert await in_force(store) == CONVENANT

    async def test_one_document_that_is_refused_refuses_them_all(self, store: FakeIndexStore) -> None:
        await lay_down(store)
        with pytest.raises(InvalidInput, match=r"^documents\[1\]: must have the fields"):
            await accept(store, VT.document(CONVENANT, NOON), b"{}")
        assert store.state.acts == ()
        assert [record.reason for record in store.state.audit] == ["convenant-laid-down"]


async def test_every_change_is_on_record_with_the_version_and_who_made_it(store: FakeIndexStore) -> None:
    await agreed(store)
    await accept(store, GGZ.document(CONVENANT, NOON + SECOND, kind=ActKind.REVOKE))
    assert [(record.reason, record.organisation, record.kind) for record in store.state.audit] == [
        ("convenant-laid-down", None, None),
        ("convenant-signed", OIN_VT, VT.kind),
        ("convenant-signed", OIN_GGZ, GGZ.kind),
        ("convenant-revoked", OIN_GGZ, GGZ.kind),
    ]
    for record in store.state.audit:
        assert (record.event, record.outcome) == (AuditEvent.ADMINISTRATION, AuditOutcome.DONE)
        assert (record.at, record.convenant) == (NOON, CONVENANT.identity)
