"""A small pseudonym service on a real gRPC server: evaluates for real, and can refuse, be away, or cheat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from grpc_status import rpc_status

from gateway.domain import Bsn, Oin, Pseudonym, Subject
from gateway.errors import EpochRefused, VerwijsindexError
from gateway.identities.unsafe_test_ca import UnsafeTestCa
from gateway.pseudonyms import voprf
from gateway.pseudonyms.epochs import PublicEpoch
from gateway.pseudonyms.pinned import PinnedKeys
from gateway.pseudonyms.private_input import context, private_input, pseudonym_of
from gateway.rpc.status import status_of
from gateway.settings import PseudonymRetrySettings, PseudonymSettings, TlsSettings
from verwijsindex.v1 import pseudonym_pb2, pseudonym_pb2_grpc

OIN_INDEX = Oin("00000099100000000000")
OIN_CUSTODIAN = Oin("00000099100000009800")
OIN_PARTNER = Oin("00000099100000000100")
BEGAN = datetime.now(UTC) - timedelta(days=100)

_Context = grpc.aio.ServicerContext[Any, Any]
Tamper = Callable[[pseudonym_pb2.EvaluateRequest, pseudonym_pb2.EvaluateResponse], None]


def key_of(epoch: int, *, seed: int = 1) -> voprf.KeyPair:
    """Return the key pair of an epoch; another seed gives another key."""
    return voprf.derive_key_pair(bytes([seed]) * 32, context(index=OIN_INDEX, epoch=epoch))


def subject_of(bsn: Bsn, *epochs: int) -> Subject:
    """Return what the person's pseudonyms must be, worked out with the keys and without any service."""
    return Subject(*(_pseudonym_of(bsn, epoch) for epoch in epochs))


def _pseudonym_of(bsn: Bsn, epoch: int) -> Pseudonym:
    key, private = key_of(epoch), private_input(bsn, index=OIN_INDEX, epoch=epoch)
    blinded = voprf.blind_with(private, (7).to_bytes(32, "little"))
    [evaluated] = voprf.evaluate(key.secret, key.public_key, [blinded.element]).elements
    return pseudonym_of(voprf.finalize(private, blinded.blind, evaluated), epoch=epoch)


class ScriptedPseudonymService(pseudonym_pb2_grpc.PseudonymServiceServicer):
    """Evaluates under `keys`. `troubles` are raised by the next calls, `tamper` changes every answer."""

    def __init__(self, keys: Mapping[int, voprf.KeyPair]) -> None:
        self.keys = dict(keys)
        self.not_in_use: dict[int, str] = {}
        self.calls: list[pseudonym_pb2.EvaluateRequest] = []
        self.troubles: list[VerwijsindexError | grpc.StatusCode] = []
        self.tamper: Tamper | None = None
        self.hangs = False

    async def Evaluate(  # noqa: N802 - the name of the method in the contract
        self, request: pseudonym_pb2.EvaluateRequest, context: _Context
    ) -> pseudonym_pb2.EvaluateResponse:
        """Evaluate, or do what the script says."""
        self.calls.append(request)
        if self.hangs:
            await asyncio.Event().wait()
        await self._refuse(request, context)
        key = self.keys[request.epoch]
        made = await asyncio.to_thread(
            voprf.evaluate, key.secret, key.public_key, list(request.blinded_elements)
        )
        answer = pseudonym_pb2.EvaluateResponse(evaluated_elements=made.elements, proof=made.proof)
        if self.tamper is not None:
            self.tamper(request, answer)
        return answer

    async def GetPublicKeys(  # noqa: N802
        self, request: pseudonym_pb2.GetPublicKeysRequest, context: _Context
    ) -> pseudonym_pb2.GetPublicKeysResponse:
        """Return the keys, right or wrong."""
        keys = [
            pseudonym_pb2.EpochKey(epoch=epoch, public_key=key.public_key) for epoch, key in self.keys.items()
        ]
        return pseudonym_pb2.GetPublicKeysResponse(index_oin=OIN_INDEX, keys=keys)

    async def GetUsage(  # noqa: N802
        self, request: pseudonym_pb2.GetUsageRequest, context: _Context
    ) -> pseudonym_pb2.GetUsageResponse:
        """Return no usage: partners are not told any."""
        return pseudonym_pb2.GetUsageResponse()

    async def _refuse(self, request: pseudonym_pb2.EvaluateRequest, context: _Context) -> None:
        if self.troubles:
            trouble = self.troubles.pop(0)
            if isinstance(trouble, grpc.StatusCode):
                await context.abort(trouble, "PLANTED text of the other side")
            else:
                await context.abort_with_status(rpc_status.to_status(status_of(trouble)))
        reason = self.not_in_use.get(request.epoch)
        if request.epoch not in self.keys:
            reason = "EPOCH_UNKNOWN"
        if reason is not None:
            refusal = EpochRefused(reason, "PLANTED text of the other side")
            await context.abort_with_status(rpc_status.to_status(status_of(refusal)))


@dataclass
class PseudonymSite:
    """A test CA, a folder with pinned keys, and the service, which runs while `serving`."""

    folder: Path
    service: ScriptedPseudonymService = field(init=False)
    ca: UnsafeTestCa = field(init=False)
    port: int = 0

    def __post_init__(self) -> None:
        self.ca = UnsafeTestCa.create(self.folder / "ca")
        self.ca.issue(OIN_CUSTODIAN, "Synthetic custodian", self.folder / "custodian", server=True)
        self.ca.issue(OIN_PARTNER, "Synthetic partner", self.folder / "partner")
        self.service = ScriptedPseudonymService({1: key_of(1), 2: key_of(2)})
        self.pin(1)

    @property
    def pinned_file(self) -> Path:
        """Where the partner's pinned keys are."""
        return self.folder / "pseudonym-keys.json"

    @property
    def tls(self) -> TlsSettings:
        """What the partner shows and trusts."""
        return self.tls_of("partner")

    def tls_of(self, name: str) -> TlsSettings:
        """What a party shows and trusts."""
        home = self.folder / name
        return TlsSettings(
            certificate=home / "certificate.pem", key=home / "key.pem", trusted_ca=self.ca.certificate_path
        )

    def pin(self, *epochs: int, begin: datetime = BEGAN, until: datetime | None = None) -> None:
        """Pin the right keys of these epochs; `until` is the end of the oldest."""
        keys = [
            PublicEpoch(
                epoch=epoch,
                public_key=key_of(epoch).public_key,
                valid_from=begin + timedelta(days=number),
                valid_until=until if number == 0 else None,
            )
            for number, epoch in enumerate(epochs)
        ]
        self.pin_keys(*keys)

    def pin_keys(self, *keys: PublicEpoch) -> None:
        """Pin exactly these epochs."""
        PinnedKeys(index=OIN_INDEX, keys=keys).write(self.pinned_file)

    def settings(self, *, deadline_seconds: float = 30.0, **retry: Any) -> PseudonymSettings:
        """Return the partner's settings for the service."""
        return PseudonymSettings(
            address=f"127.0.0.1:{self.port}",
            public_keys=self.pinned_file,
            deadline_seconds=deadline_seconds,
            retry=PseudonymRetrySettings(**retry),
        )

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[PseudonymSite]:
        """Run the service; a second time on the port of the first."""
        tls = self.tls_of("custodian")
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        pseudonym_pb2_grpc.add_PseudonymServiceServicer_to_server(self.service, server)
        credentials = grpc.ssl_server_credentials(
            [(tls.key.read_bytes(), tls.certificate.read_bytes())],
            root_certificates=tls.trusted_ca.read_bytes(),
            require_client_auth=True,
        )
        self.port = server.add_secure_port(f"127.0.0.1:{self.port}", credentials)
        await server.start()
        try:
            yield self
        finally:
            await server.stop(None)
