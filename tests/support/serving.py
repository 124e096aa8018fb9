"""A real gRPC server on the loopback interface, with a test CA, a scripted lookup room and a small directory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import grpc
from uuid_utils.compat import uuid7

from gateway.agreement.reading import AgreementReader
from gateway.breakglass.declaring import BreakGlass
from gateway.breakglass.sealing import TextSealer
from gateway.clock import now
from gateway.consents.service import ConsentRoom
from gateway.convenant.model import Convenant, KindTerms, PurposeTerms
from gateway.domain import (
    Desk,
    Oin,
    Partner,
    PartnerKind,
    Subject,
)
from gateway.identities.unsafe_test_ca import IssuedCertificate, UnsafeTestCa
from gateway.index.ports import IndexStore
from gateway.lookup.answer import Answer, Concern, LookupRequest, ShownInvolvement
from gateway.lookup.service import LookupService
from gateway.metering.bounds import CallBounds
from gateway.metering.ports import MeterTerms
from gateway.refusals.service import RefusalRoom
from gateway.rpc.caller import known_partner
from gateway.rpc.server import Rooms, RpcServer
from gateway.settings import ListenSettings, TlsSettings
from gateway.telemetry.alarms import Alarms
from tests.support.fake_store import FakeIndexStore
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


class FakeStore(FakeIndexStore):
    """The store in memory under the convenant above, somewhat on its way; counts how often it was checked."""

    def __init__(self, *partners: Partner) -> None:
        super().__init__(*partners)
        self.agree(CONVENANT, OIN_VT, OIN_GGZ)
        self.state.position = 7
        self.checks = 0

    async def check(self) -> None:
        self.checks += 1
        await super().check()


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


def rooms_over(store: IndexStore, lookup: LookupService) -> Rooms:
    """Return the rooms behind a server: this lookup room, and the others as they are, with terms nobody reaches."""
    terms, alarms = MeterTerms(per_hour=1000, burst=1000), Alarms(timedelta(minutes=1))
    reader = AgreementReader()
    return Rooms(
        lookup=lookup,
        consents=ConsentRoom(
            store=store, agreement=reader, clock=now, bounds=CallBounds(quota=terms, alarms=alarms)
        ),
        break_glass=BreakGlass(
            store=store,
            agreement=reader,
            sealer=TextSealer(bytes(32)),
            clock=now,
            bounds=CallBounds(quota=terms, alarms=alarms),
        ),
        refusals=RefusalRoom(
            store=store, agreement=reader, clock=now, bounds=CallBounds(quota=terms, alarms=alarms)
        ),
    )


def server_over(
    identities: Identities, store: FakeStore, lookup: LookupService, *, port: int = 0
) -> RpcServer:
    """Return a server with this lookup room, under the convenant above; port 0 is any free one."""
    return RpcServer(
        rooms_over(store, lookup),
        store=store,
        door=DOOR,
        agreement=AgreementReader(),
        tls=identities.tls(OIN_INDEX, server=True),
        listen=ListenSettings(port=port),
    )


@asynccontextmanager
async def serving(identities: Identities) -> AsyncIterator[Serving]:
    """Run a server with Veilig Thuis and GGZ switched on and the police switched off."""
    store = FakeStore(VEILIG_THUIS, GGZ, POLITIE)
    lookup = ScriptedLookup(store)
    server = server_over(identities, store, lookup)
    port = await server.start()
    try:
        yield Serving(identities, store, lookup, f"127.0.0.1:{port}")
    finally:
        await server.stop()
