"""Opens what a run needs from a partner's settings, and closes it again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapters.kit.adapter import Adapter, Configurable
from adapters.kit.events import MESSAGES_SENT
from adapters.kit.facts import FactMaker
from adapters.kit.inbox import Inbox
from adapters.kit.notices import NoticeBox
from adapters.kit.options import KitOptions
from adapters.kit.outbox import Outbox
from adapters.kit.receipts import ReceiptReader
from adapters.kit.run import Runner, Surroundings
from adapters.kit.sender import send_waiting
from adapters.kit.speaking import Signing, Speaker
from adapters.kit.state import StateFile
from gateway.bus.opening import open_bus
from gateway.bus.ports import Bus
from gateway.clock import now
from gateway.domain import Oin
from gateway.errors import ConfigurationError
from gateway.keyfiles import load_secret, load_signing_key
from gateway.messages.signing import key_id
from gateway.pseudonyms.client import open_pseudonymiser
from gateway.settings import PartnerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An adapter with everything open."""

    adapter: Adapter
    options: KitOptions
    runner: Runner
    outbox: Outbox
    bus: Bus
    receipts: ReceiptReader
    inbox: Inbox | None
    clock: Callable[[], datetime]

    @property
    def kind(self) -> str:
        """The adapter's kind."""
        return self.adapter.manifest.kind

    async def send(self) -> set[str]:
        """Publish what waits in the outbox; return the ids. BusUnavailable: the rest still waits."""
        if not self.outbox.waiting(most=1):
            return set()
        async with self.bus.publisher() as publisher:
            sent = set(await send_waiting(self.outbox, publisher))
        MESSAGES_SENT.emit(kind=self.kind, messages=len(sent))
        return sent


@asynccontextmanager
async def open_session(
    adapter: Adapter, settings: PartnerSettings, *, folder: Path, clock: Callable[[], datetime] = now
) -> AsyncIterator[Session]:
    """Open the adapter of a partner; `folder` is where its settings stand, the inbox is relative to it.

    Raises:
        ConfigurationError: the settings are of another kind, or an option, key, the pinned keys of the pseudonym
            service or the state file is wrong.

    """
    if settings.kind not in (adapter.manifest.kind, *adapter.manifest.also_kinds):
        raise ConfigurationError(
            f"the settings are of a partner of kind {settings.kind}, the adapter is {adapter.manifest.kind}"
        )
    options = KitOptions.of(settings.adapter)
    if isinstance(adapter, Configurable):
        adapter = adapter.with_options(settings.adapter)
    file = StateFile(settings.state)
    bus = open_bus(settings.bus)
    outbox = Outbox(file)
    try:
        async with open_pseudonymiser(settings.pseudonyms, settings.tls) as pseudonymiser:
            yield Session(
                adapter=adapter,
                options=options,
                runner=Runner(
                    adapter,
                    _speaker(settings, file),
                    pseudonymiser=pseudonymiser,
                    surroundings=_surroundings(settings, options),
                    clock=clock,
                ),
                outbox=outbox,
                bus=bus,
                receipts=ReceiptReader(
                    bus, outbox, NoticeBox(file), oin=Oin(settings.oin), kind=settings.kind
                ),
                inbox=_inbox(adapter, options, folder),
                clock=clock,
            )
    finally:
        await bus.close()
        file.close()


def _speaker(settings: PartnerSettings, file: StateFile) -> Speaker:
    signing_key = load_signing_key(settings.signing_key)
    maker = FactMaker(partner=Oin(settings.oin), reference_key=load_secret(settings.reference_key))
    return Speaker(file, maker, Signing(key=signing_key, kid=key_id(signing_key)))


def _surroundings(settings: PartnerSettings, options: KitOptions) -> Surroundings:
    return Surroundings(
        reference_key=load_secret(settings.reference_key),
        quarantine=settings.quarantine,
        zone=options.zone,
        options=settings.adapter,
        largest_export_bytes=options.largest_export_bytes,
    )


def _inbox(adapter: Adapter, options: KitOptions, folder: Path) -> Inbox | None:
    if options.inbox is None:
        return None
    return Inbox(folder=folder / options.inbox, manifest=adapter.manifest)
