"""A merge from the HL7 message to the answer: the GGZ adapter, its messages, the ingest, a real store, lookups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.ggz import ADAPTER
from gateway.agreement.reading import AgreementReader
from gateway.audit.model import AuditEvent
from gateway.bus.ports import Delivery, Position
from gateway.convenant.model import ConsentBasis
from gateway.domain import Partner, SigningKey
from gateway.index.migrate import SCHEMA
from gateway.index.ports import IndexStore
from gateway.index.sql.store import open_store
from gateway.ingest.service import IngestService, TakenIn
from gateway.lookup.service import LookupService
from gateway.messages.signing import key_id, public_bytes
from gateway.settings import StoreSettings
from tests.index.epochs_contract import forget
from tests.lookup.support import bounds, no_pause, request
from tests.support.adapters import OIN, TODAY, Workbench, subject_of
from tests.support.convenants import GGZ, POLITIE, VEILIG_THUIS, convenant, rule
from tests.support.fake_waking import UNPACED
from tests.support.fixed_agreement import FixedAgreement
from tests.support.hl7 import adt, pv1
from tests.support.sealed import DOOR, OIN_POLITIE, OIN_VT, SEALER, involvement, message

OLD, NEW = "123456782", "999993653"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
WITH_CONSENT = convenant(
    rule(sources=frozenset({GGZ}), asking=frozenset({VEILIG_THUIS}), basis=ConsentBasis()),
    valid_from=date(2024, 1, 1),
)
CONSENT_LIST = (
    "toestemming_id;bsn;geboortedatum;besluit;besloten_door;houders;vragers;doelen;vanaf;tot;toelichting\n"
    f"T-1;{OLD};19800101;toestemming;betrokkene;ggz;veilig_thuis;coordination-of-care;2024-06-01;;\n"
)


class Region:
    """One GGZ provider with the real adapter, an index, and Veilig Thuis that asks."""

    def __init__(self, bench: Workbench, store: IndexStore) -> None:
        self.bench = bench
        self.store = store
        self._offsets = count()
        self._ingest = IngestService(
            store=store,
            door=DOOR,
            agreement=AgreementReader(),
            clock=lambda: bench.now,
            largest_message_bytes=65_536,
        )
        self._lookup = LookupService(
            store=store,
            agreement=FixedAgreement(WITH_CONSENT, OIN, OIN_VT, OIN_POLITIE),
            clock=lambda: bench.now,
            bounds=bounds(),
            pause=no_pause,
            pacing=UNPACED,
        )

    async def open(self) -> None:
        """Make the partners, and let Veilig Thuis be involved with both numbers, so that it may ask."""
        key = SigningKey(
            kid=key_id(KEY),
            public_key=public_bytes(KEY),
            valid_from=TODAY - timedelta(days=1),
            valid_until=TODAY + timedelta(days=1),
        )
        async with self.store.transaction() as tx:
            await tx.partners.save(Partner(oin=OIN, kind=GGZ, name="GGZ (synthetic)", signing_keys=(key,)))
            await tx.partners.save(Partner(oin=OIN_VT, kind=VEILIG_THUIS, name="Veilig Thuis (synthetic)"))
            await tx.partners.save(Partner(oin=OIN_POLITIE, kind=POLITIE, name="Politie (synthetic)"))
            for bsn in (OLD, NEW):
                subject = SEALER.seal(subject_of(bsn))
                await tx.facts.save(
                    message(
                        involvement(OIN_VT, bsn, subject=subject, since=date(2024, 1, 1)), recorded_at=TODAY
                    )
                )

    async def take_in(self, name: str, content: str | bytes) -> None:
        """Let the adapter read an export, and the index what it sends."""
        await self.bench.run(self.bench.write(name, content))
        waiting = self.bench.outbox.waiting(most=100)
        self.bench.outbox.acknowledge(waiting)
        deliveries = [
            Delivery(
                position=Position(topic=each.record.topic, partition=0, offset=next(self._offsets)),
                record=each.record,
            )
            for each in waiting
        ]
        outcomes = await self._ingest.take_in(deliveries)
        assert outcomes[TakenIn.REJECTED] == 0

    async def shown(self, bsn: str) -> int:
        """Return how many involvements Veilig Thuis sees when it asks about a BSN."""
        question = request(OIN_VT, subject=SEALER.seal(subject_of(bsn)))
        return len((await self._lookup.ask(question)).involvements)

    async def registered(self, bsn: str) -> int:
        """Return how many involvements of the GGZ provider the index has for a BSN."""
        subject = SEALER.seal(subject_of(bsn))
        async with self.store.transaction() as tx:
            found = await tx.facts.households([subject], on=TODAY.date())
        return sum(fact.partner == OIN for fact in found[subject].involvements)


async def opened(url: str, folder: Path) -> AsyncIterator[Region]:
    settings = StoreSettings(url=url)
    await asyncio.to_thread(SCHEMA.migrate, settings)
    store = open_store(settings)
    region = Region(Workbench(folder, ADAPTER), store)
    await region.open()
    yield region
    await store.close()


@pytest.fixture
async def region(tmp_path: Path) -> AsyncIterator[Region]:
    async for found in opened(f"sqlite:///{tmp_path}/index.sqlite3", tmp_path):
        yield found


@pytest.fixture
async def region_on_postgres(tmp_path: Path, postgres_database: str) -> AsyncIterator[Region]:
    async for found in opened(postgres_database, tmp_path):
        yield found


def pid(number: str, bsn: str) -> str:
    return f"PID|1||{bsn}^^^NLMINBIZA^NNNLD~{number}^^^LOCAL^PI||Naam^Voornaam"


ADMISSION = adt("A01", pid("L1", OLD), pv1(visit="V1", admitted="20240601"), at="20240601090000")
MERGE = adt("A40", pid("L2", NEW), "MRG|L1^^^LOCAL^PI", at="20240610090000")
LATE_UPDATE = adt("A08", pid("L1", OLD), pv1(visit="V2", admitted="20240605"), at="20240606090000")
UNLINK = adt("A37", pid("L2", NEW), pid("L1", OLD), at="20240701090000")


async def tell_the_whole_story(region: Region) -> None:
    await region.take_in("a01.hl7", ADMISSION)
    await region.take_in("toestemmingen.csv", CONSENT_LIST)
    assert (await region.shown(OLD), await region.shown(NEW)) == (1, 0)

    await region.take_in("a40.hl7", MERGE)
    assert (await region.shown(OLD), await region.shown(NEW)) == (0, 1)

    # Recorded under the old number before the merge, and read only now.
    await region.take_in("a08.hl7", LATE_UPDATE)
    assert (await region.shown(OLD), await region.shown(NEW)) == (0, 1)
    assert (await region.registered(OLD), await region.registered(NEW)) == (0, 2)

    await region.take_in("a37.hl7", UNLINK)
    assert (await region.shown(OLD), await region.shown(NEW)) == (1, 0)
    assert (await region.registered(OLD), await region.registered(NEW)) == (2, 0)

    # Once undone it stays undone, whatever is read again.
    await region.take_in("a40-again.hl7", MERGE)
    assert (await region.registered(OLD), await region.registered(NEW)) == (2, 0)


async def test_a_merge_is_seen_in_the_answers_and_undone_in_them(region: Region) -> None:
    await tell_the_whole_story(region)
    async with region.store.transaction() as tx:
        records = [stored.record for stored in await tx.audit.read()]
    found = [(each.event, each.subject) for each in records if "merge" in each.event.value]
    both = [SEALER.seal(subject_of(bsn)) for bsn in (OLD, NEW)]
    assert found == [(event, who) for event in (AuditEvent.MERGE, AuditEvent.UNMERGE) for who in both]


@pytest.mark.services
async def test_a_merge_is_seen_in_the_answers_on_postgres(region_on_postgres: Region) -> None:
    await tell_the_whole_story(region_on_postgres)


async def test_a_merge_says_nothing_of_what_others_registered(region: Region) -> None:
    """The police know the old number too, and nobody but the police can say who that is."""
    subject = SEALER.seal(subject_of(OLD))
    async with region.store.transaction() as tx:
        await tx.facts.save(
            message(involvement(OIN_POLITIE, "x", subject=subject, since=date(2024, 1, 1)), recorded_at=TODAY)
        )
    await region.take_in("a01.hl7", ADMISSION)
    await region.take_in("a40.hl7", MERGE)
    async with region.store.transaction() as tx:
        found = await tx.facts.households([subject], on=TODAY.date())
    assert {fact.partner for fact in found[subject].involvements} == {OIN_VT, OIN_POLITIE}


async def test_a_corrected_bsn_leaves_nothing_at_the_wrong_one(region: Region) -> None:
    await region.take_in("a01.hl7", ADMISSION)
    await region.take_in("toestemmingen.csv", CONSENT_LIST)
    await region.take_in("a31.hl7", adt("A31", pid("L1", NEW), at="20240610090000"))
    assert (await region.shown(OLD), await region.shown(NEW)) == (0, 1)


RENEWED = adt("A08", pid("L2", NEW), pv1(visit="V1", admitted="20240601"), at="20240715090000")


async def test_a_merge_outlives_the_epoch_in_which_it_was_said(region: Region) -> None:
    """In the overlap the partner's exports come again, the consent still under the old number, and no A40."""
    await region.take_in("a01.hl7", ADMISSION)
    await region.take_in("toestemmingen.csv", CONSENT_LIST)
    await region.take_in("a40.hl7", MERGE)
    region.bench.pseudonymiser.epochs = (1, 2)
    await region.take_in("toestemmingen.csv", CONSENT_LIST)
    await region.take_in("a08.hl7", RENEWED)
    await forget(region.store, 2)
    old, new = (SEALER.seal(subject_of(bsn, 2)) for bsn in (OLD, NEW))
    async with region.store.transaction() as tx:
        found = await tx.facts.households([old, new], on=TODAY.date())
    assert [len(found[person].consents) for person in (old, new)] == [0, 1]
    assert [len(found[person].involvements) for person in (old, new)] == [0, 1]

    await region.take_in("a37.hl7", UNLINK)
    async with region.store.transaction() as tx:
        found = await tx.facts.households([old, new], on=TODAY.date())
    assert [len(found[person].consents) for person in (old, new)] == [1, 0]
