"""A real gRPC server on the loopback interface, with a test CA, a scripted lookup room and a small directory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import grpc
from uuid_utils.compat import uuid7

from gateway.audit.model import AuditRecord, StoredAuditRecord
from gateway.audit.ports import AuditLog
from gateway.bus.ports import BusRecord
from gateway.convenant.model import Convenant, KindTerms, PurposeTerms
from gateway.domain import Desk, FactMessage, HouseholdFacts, MessageId, Oin, Partner, PartnerKind, Subject
from gateway.errors import StoreUnavailable
from gateway.identities.unsafe_test_ca import IssuedCertificate, UnsafeTestCa
from gateway.index.ports import Directory, Facts, IndexStore, Outgoing, OutgoingQueue, Saved, Transaction
from gateway.lookup.answer import Answer, Concern, LookupRequest, ShownInvolvement
from gateway.lookup.service import LookupService
from gateway.metering.ports import Meters
from gateway.rpc.caller import known_partner
from gateway.rpc.server import RpcServer
from gateway.settings import ListenSettings, TlsSettings
from tests.support.fake_facts import State
from tests.support.fake_store import FakeMeters
from tests.support.sealed import DOOR, OIN_GGZ, OIN_POLITIE, OIN_VT
from verwijsindex.client import IndexClient, Professional, connect

OIN_INDEX = Oin("00000099100000000000")
OIN_STRANGER = Oin("00000099100000009900")
ASKER = Professional(id="medewerker-1", role="behandelaar", mandate="eigen-taak")
PURPOSE = "coordination-of-care"

VEILIG_THUIS = Partner(
    oin=OIN_VT,
    kind=PartnerKind("veilig_thuis"),
    name="Veilig Thuis (synthetic)",
    core_tasks=("Advies- en meldpunt",),
    desks=(
        Desk(code="frontoffice", name="Frontoffice", telephone="+31880000010"),
        Desk(code="opvang", name="Opvang", contact_via="frontoffice"),
    ),
)
GGZ = Partner(oin=OIN_GGZ, kind=PartnerKind("ggz"), name="GGZ (synthetic)")
POLITIE = Partner(oin=OIN_POLITIE, kind=PartnerKind("politie"), name="Politie (synthetic)", active=False)

CONVENANT = Convenant(
    name="Synthetic",
    version="1",
    valid_from=date(2020, 1, 1),
    valid_until=date(2099, 12, 31),
    content_hash="0" * 64,
    kinds={
        VEILIG_THUIS.kind: KindTerms(label="Veilig Thuis", roles=frozenset({ASKER.role})),
        GGZ.kind: KindTerms(label="Geestelijke gezondheidszorg", roles=frozenset({ASKER.role})),
    },
    purposes={PURPOSE: PurposeTerms(label="Afstemming", act_reason="COORD")},
    mandates=frozenset({ASKER.mandate}),
    rules=(),
)


class FakeDirectory(Directory):
    """Partners in a dictionary, in no particular order."""

    def __init__(self, *partners: Partner) -> None:
        self.partners = {partner.oin: partner for partner in partners}

    async def save(self, partner: Partner) -> None:
        self.partners[partner.oin] = partner

    async def find(self, oin: Oin) -> Partner | None:
        return self.partners.get(oin)

    async def all(self) -> Sequence[Partner]:
        return list(self.partners.values())


class NoFacts(Facts):
    """An index in which nobody is known and nothing is ever written."""

    async def claim(self, ids: Sequence[MessageId]) -> frozenset[MessageId]:
        return frozenset()

    async def save(self, message: FactMessage) -> Saved:
        return Saved.SUPERSEDED

    async def households(self, subjects: Sequence[Subject], *, on: date) -> Mapping[Subject, HouseholdFacts]:
        return {
            subject: HouseholdFacts(
                subject=subject, members=frozenset({subject}), involvements=(), consents=(), kinds={}
            )
            for subject in subjects
        }

    async def counts(self) -> Mapping[str, int]:
        return {}

    async def ties(
        self, asked: Collection[tuple[Oin, Subject]], *, on: date
    ) -> frozenset[tuple[Oin, Subject]]:
        return frozenset()

    async def newest_epochs(self, *, on: date) -> Mapping[Oin, Mapping[int, int]]:
        return {}

    async def forget_epochs(self, before: int, *, limit: int) -> int:
        return 0

    async def position(self) -> int:
        return 7


class FakeAudit(AuditLog):
    """The access log as a list."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []

    async def append(self, records: Sequence[AuditRecord]) -> None:
        self.records.extend(records)

    async def read(self, *, after: int = 0, limit: int = 1000) -> Sequence[StoredAuditRecord]:
        stored = [StoredAuditRecord(sequence=at, record=each) for at, each in enumerate(self.records, 1)]
        return stored[after : after + limit]

    async def count(self) -> int:
        return len(self.records)

    async def asked_about(self, since: datetime, until: datetime) -> Mapping[Oin, int]:
        return {}


class NoOutgoing(OutgoingQueue):
    """A queue for the bus that stays empty."""

    async def add(self, records: Sequence[BusRecord]) -> None:
        return

    async def waiting(self, *, limit: int) -> Sequence[Outgoing]:
        return ()

    async def remove(self, numbers: Sequence[int]) -> None:
        return


class FakeTransaction(Transaction):
    """Partners and log of the store it belongs to."""

    def __init__(self, directory: Directory, audit: AuditLog) -> None:
        self._directory = directory
        self._audit = audit

    @property
    def facts(self) -> Facts:
        return NoFacts()

    @property
    def partners(self) -> Directory:
        return self._directory

    @property
    def audit(self) -> AuditLog:
        return self._audit

    @property
    def outgoing(self) -> OutgoingQueue:
        return NoOutgoing()

    @property
    def meters(self) -> Meters:
        return FakeMeters(State())


class FakeStore(IndexStore):
    """A store that can be taken away."""

    def __init__(self, directory: FakeDirectory) -> None:
        self.directory = directory
        self.log = FakeAudit()
        self.is_away = False
        self.checks = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        self._refuse_if_away()
        yield FakeTransaction(self.directory, self.log)

    async def check(self) -> None:
        self.checks += 1
        self._refuse_if_away()

    async def close(self) -> None:
        return

    def _refuse_if_away(self) -> None:
        if self.is_away:
            raise StoreUnavailable("database index at db.internal:5432 refuses connections")


class ScriptedLookup(LookupService):
    """A lookup room that answers what the test scripts for a person; nobody is the answer otherwise."""

    def __init__(self, store: FakeStore) -> None:
        self._fake_store = store
        self.script: dict[Subject, Callable[[], Sequence[ShownInvolvement]]] = {}
        self.waits: dict[Subject, asyncio.Event] = {}
        self.asked: list[LookupRequest] = []
        self.under_way = 0
        self.most_under_way = 0
        self.changed = asyncio.Condition()
        self.position = 7

    async def ask(self, request: LookupRequest) -> Answer:
        self.asked.append(request)
        await self._count(1)
        try:
            async with self._fake_store.transaction() as tx:
                await known_partner(tx.partners, request.caller)
            if request.subject in self.waits:
                await self.waits[request.subject].wait()
            shown = tuple(self.script[request.subject]()) if request.subject in self.script else ()
            return Answer(involvements=shown, record_id=str(uuid7()), position=self.position)
        finally:
            await self._count(-1)

    async def until_under_way(self, number: int) -> None:
        """Wait until so many questions are under way."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.under_way == number)

    async def until_asked(self, number: int) -> None:
        """Wait until so many questions have come and none is under way."""
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.asked) == number and self.under_way == 0)

    async def _count(self, change: int) -> None:
        async with self.changed:
            self.under_way += change
            self.most_under_way = max(self.most_under_way, self.under_way)
            self.changed.notify_all()


@dataclass
class Identities:
    """A test CA and the certificates it issued, by OIN."""

    folder: Path
    ca: UnsafeTestCa = field(init=False)

    def __post_init__(self) -> None:
        self.ca = UnsafeTestCa.create(self.folder / "ca")

    def of(self, oin: Oin, *, server: bool = False) -> IssuedCertificate:
        """Return the certificate of an organisation, made at the first request."""
        folder = self.folder / oin
        issued = IssuedCertificate(certificate=folder / "certificate.pem", key=folder / "key.pem")
        return issued if issued.key.exists() else self.ca.issue(oin, "Synthetic", folder, server=server)

    def tls(self, oin: Oin, *, server: bool = False) -> TlsSettings:
        """Return TLS settings with the certificate of an organisation."""
        issued = self.of(oin, server=server)
        return TlsSettings(
            certificate=issued.certificate, key=issued.key, trusted_ca=self.ca.certificate_path
        )

    def credentials(self, oin: Oin) -> grpc.ChannelCredentials:
        """Return channel credentials with the certificate of an organisation."""
        tls = self.tls(oin)
        return grpc.ssl_channel_credentials(
            tls.trusted_ca.read_bytes(), tls.key.read_bytes(), tls.certificate.read_bytes()
        )


@dataclass
class Serving:
    """A running server and what it stands on."""

    identities: Identities
    store: FakeStore
    lookup: ScriptedLookup
    address: str

    @asynccontextmanager
    async def client(self, oin: Oin = OIN_VT) -> AsyncIterator[IndexClient]:
        """Connect with the project's own client as an organisation."""
        tls = self.identities.tls(oin)
        async with connect(
            self.address, certificate=tls.certificate, key=tls.key, trusted_ca=tls.trusted_ca
        ) as index:
            yield index

    @asynccontextmanager
    async def channel(self, oin: Oin = OIN_VT) -> AsyncIterator[grpc.aio.Channel]:
        """Connect with bare gRPC as an organisation."""
        credentials = self.identities.credentials(oin)
        async with grpc.aio.secure_channel(self.address, credentials) as channel:
            yield channel


def shown(partner: Partner = GGZ, **changes: Any) -> ShownInvolvement:
    """Return an involvement as the lookup room shows it."""
    values: dict[str, Any] = {
        "partner": partner.oin,
        "kind": partner.kind,
        "name": partner.name,
        "desk_code": "aanmeldbureau",
        "desk": Desk(code="aanmeldbureau", name="Aanmeldbureau", telephone="+31880000020"),
        "since_month": "2026-01",
        "concern": Concern.PERSON,
    }
    return ShownInvolvement(**values | changes)


@asynccontextmanager
async def serving(identities: Identities) -> AsyncIterator[Serving]:
    """Run a server with Veilig Thuis and GGZ switched on and the police switched off."""
    store = FakeStore(FakeDirectory(VEILIG_THUIS, GGZ, POLITIE))
    lookup = ScriptedLookup(store)
    server = RpcServer(
        lookup=lookup,
        store=store,
        door=DOOR,
        convenant=CONVENANT,
        tls=identities.tls(OIN_INDEX, server=True),
        listen=ListenSettings(port=0),
    )
    port = await server.start()
    try:
        yield Serving(identities, store, lookup, f"127.0.0.1:{port}")
    finally:
        await server.stop()
