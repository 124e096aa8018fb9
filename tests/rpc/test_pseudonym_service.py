"""The pseudonym service over real connections: statuses, details, and who may ask what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo  # type: ignore[import-untyped]
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from gateway.domain import Oin
from gateway.evaluation.migrate import SCHEMA
from gateway.evaluation.standing import Standing
from gateway.evaluation.store import open_evaluation_store
from gateway.pseudonyms import voprf
from gateway.rpc.pseudonym_server import PseudonymServer
from gateway.settings import ListenSettings, StoreSettings
from tests.evaluation.support import Batch, Room, make_room
from tests.support.facts import NOON, OIN_GGZ, OIN_VT
from tests.support.serving import OIN_INDEX, OIN_STRANGER, Identities
from verwijsindex.v1 import pseudonym_pb2 as pb
from verwijsindex.v1 import pseudonym_pb2_grpc

OIN_CUSTODIAN = Oin("00000099100000009000")
SERVICE = "verwijsindex.v1.PseudonymService"
REGISTRATION = pb.EVALUATION_PURPOSE_REGISTRATION
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@dataclass
class Refused:
    """What a caller is told."""

    code: grpc.StatusCode
    text: str
    reason: str = ""
    fields: list[str] = field(default_factory=list)
    retry_after_seconds: float | None = None


@dataclass
class Custodian:
    """A running service and what it stands on."""

    identities: Identities
    room: Room
    address: str

    @asynccontextmanager
    async def channel(self, oin: Oin = OIN_VT) -> AsyncIterator[grpc.aio.Channel]:
        credentials = self.identities.credentials(oin)
        async with grpc.aio.secure_channel(self.address, credentials) as channel:
            yield channel

    async def call(self, method: str, request: Any, *, oin: Oin = OIN_VT) -> Any:
        async with self.channel(oin) as channel:
            stub = pseudonym_pb2_grpc.PseudonymServiceStub(channel)
            return await getattr(stub, method)(request, timeout=30)

    async def refused(self, method: str, request: Any, *, oin: Oin = OIN_VT) -> Refused:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.call(method, request, oin=oin)
        status = rpc_status.from_call(caught.value)  # type: ignore[arg-type]
        told = Refused(caught.value.code(), caught.value.details() or "")
        info, bad, retry = ErrorInfo(), BadRequest(), RetryInfo()
        for detail in [] if status is None else status.details:
            if detail.Unpack(info):
                told.reason = info.reason
            elif detail.Unpack(bad):
                told.fields = [violation.field for violation in bad.field_violations]
            elif detail.Unpack(retry):
                told.retry_after_seconds = retry.retry_delay.ToTimedelta().total_seconds()
        return told


@pytest.fixture
async def custodian(identities: Identities, tmp_path: Path) -> AsyncIterator[Custodian]:
    # The index calls here; elsewhere in this session its one certificate must serve too.
    identities.of(OIN_INDEX, server=True)
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/pseudonyms.sqlite3")
    await asyncio.to_thread(SCHEMA.migrate, settings)
    store = open_evaluation_store(settings)
    room = make_room(store, tmp_path / "keys")
    server = PseudonymServer(
        room.service,
        checked=Standing(room.store, room.keys, room.clock),
        tls=identities.tls(OIN_CUSTODIAN, server=True),
        listen=ListenSettings(port=0),
    )
    port = await server.start()
    yield Custodian(identities, room, f"127.0.0.1:{port}")
    await server.stop()
    await store.close()


def evaluate(batch: Batch, **changes: Any) -> pb.EvaluateRequest:
    values: dict[str, Any] = {
        "epoch": batch.epoch,
        "blinded_elements": batch.elements,
        "purpose": REGISTRATION,
    }
    return pb.EvaluateRequest(**values | changes)


def stamp(moment: datetime) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(moment)
    return made


async def test_a_full_batch_comes_back_with_a_proof_that_the_published_key_was_used(
    custodian: Custodian,
) -> None:
    keys = await custodian.call("GetPublicKeys", pb.GetPublicKeysRequest())
    batch = Batch(count=1000)
    answer = await custodian.call("Evaluate", evaluate(batch))
    voprf.verify(keys.keys[0].public_key, batch.elements, list(answer.evaluated_elements), answer.proof)
    [record] = await custodian.room.records()
    assert (record.record_id, record.count, record.organisation) == (answer.record_id, 1000, OIN_VT)


async def test_public_keys_name_the_index_and_every_epoch_with_its_times(custodian: Custodian) -> None:
    custodian.room.ring().rotate(NOON, NOON + timedelta(hours=1))
    custodian.room.ring().finish(NOON + timedelta(hours=2))
    answer = await custodian.call("GetPublicKeys", pb.GetPublicKeysRequest(), oin=OIN_INDEX)
    one, two = answer.keys
    assert answer.index_oin == OIN_INDEX
    assert [key.epoch for key in answer.keys] == [1, 2]
    assert one.valid_until.ToDatetime(tzinfo=UTC) == NOON + timedelta(hours=2)
    assert two.valid_from.ToDatetime(tzinfo=UTC) == NOON + timedelta(hours=1)
    assert not two.HasField("valid_until")
    assert {len(key.public_key) for key in answer.keys} == {32}


async def test_over_the_quota_is_resource_exhausted_with_the_time_to_wait(custodian: Custodian) -> None:
    await custodian.call("Evaluate", evaluate(Batch(count=1000)))
    told = await custodian.refused("Evaluate", evaluate(Batch(count=90)))
    assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED")
    assert told.retry_after_seconds == 90.0


async def test_epochs_that_are_not_current_are_failed_preconditions_with_a_reason_of_their_own(
    custodian: Custodian,
) -> None:
    ring = custodian.room.ring()
    ring.rotate(NOON, NOON + timedelta(hours=1))
    reasons = {}
    for hours, epoch in ((0, 2), (0, 3), (3, 1)):
        if hours:
            ring.finish(NOON + timedelta(hours=2))
            custodian.room.clock.forward(hours=hours)
        told = await custodian.refused("Evaluate", evaluate(Batch(epoch=epoch)))
        assert told.code is grpc.StatusCode.FAILED_PRECONDITION
        reasons[epoch] = told.reason
    assert reasons == {2: "EPOCH_NOT_BEGUN", 3: "EPOCH_UNKNOWN", 1: "EPOCH_ENDED"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"blinded_elements": []}, "blinded_elements"),
        ({"blinded_elements": Batch().elements * 1001}, "blinded_elements"),
        ({"blinded_elements": [*Batch().elements, bytes(32)]}, "blinded_elements[1]"),
        ({"blinded_elements": [b"\xff" * 32]}, "blinded_elements[0]"),
        ({"blinded_elements": [b"short"]}, "blinded_elements[0]"),
        ({"purpose": pb.EVALUATION_PURPOSE_UNSPECIFIED}, "purpose"),
        ({"purpose": 77}, "purpose"),
    ],
)
async def test_a_bad_field_is_an_invalid_argument_at_its_place_without_its_value(
    custodian: Custodian, changes: dict[str, Any], field: str
) -> None:
    told = await custodian.refused("Evaluate", evaluate(Batch(), **changes))
    assert (told.code, told.fields) == (grpc.StatusCode.INVALID_ARGUMENT, [field])
    assert "ff" * 32 not in told.text
    assert await custodian.room.records() == []


async def test_a_request_that_is_too_large_is_not_read(custodian: Custodian) -> None:
    told = await custodian.refused("Evaluate", evaluate(Batch(), blinded_elements=[bytes(70_000)]))
    assert told.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert await custodian.room.records() == []


async def test_a_stranger_is_told_that_it_is_one_and_nothing_of_the_rules(custodian: Custodian) -> None:
    bad = evaluate(Batch(), purpose=0, blinded_elements=[], epoch=9)
    for method, request in (("Evaluate", bad), ("GetPublicKeys", pb.GetPublicKeysRequest())):
        told = await custodian.refused(method, request, oin=OIN_STRANGER)
        assert (told.code, told.reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNKNOWN_PARTNER")


async def test_the_index_may_not_have_anything_evaluated(custodian: Custodian) -> None:
    told = await custodian.refused("Evaluate", evaluate(Batch()), oin=OIN_INDEX)
    assert told.code is grpc.StatusCode.UNAUTHENTICATED
    assert custodian.room.keys.used == []


async def test_without_a_store_there_is_no_evaluation_and_the_caller_may_try_again(
    custodian: Custodian,
) -> None:
    for failure in ("is_away", "log_is_deaf", "commit_fails"):
        setattr(custodian.room.store, failure, True)
        told = await custodian.refused("Evaluate", evaluate(Batch()))
        assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
        assert told.retry_after_seconds is not None
        setattr(custodian.room.store, failure, False)
    assert custodian.room.keys.used == []


async def test_a_broken_key_ring_is_internal_and_names_no_file(custodian: Custodian) -> None:
    (custodian.room.folder / "epochs.json").write_text("{}")
    told = await custodian.refused("Evaluate", evaluate(Batch()))
    assert (told.code, told.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "epochs" not in told.text


async def test_usage_is_for_the_index(custodian: Custodian) -> None:
    await custodian.call("Evaluate", evaluate(Batch(count=3)))
    await custodian.call(
        "Evaluate", evaluate(Batch(count=4), purpose=pb.EVALUATION_PURPOSE_LOOKUP), oin=OIN_GGZ
    )
    request = pb.GetUsageRequest(since=stamp(NOON))
    answer = await custodian.call("GetUsage", request, oin=OIN_INDEX)
    rows = [(row.partner_oin, row.epoch, row.purpose, row.evaluations) for row in answer.rows]
    assert rows == [
        (OIN_VT, 1, REGISTRATION, 3),
        (OIN_GGZ, 1, pb.EVALUATION_PURPOSE_LOOKUP, 4),
    ]
    assert {row.hour.ToDatetime(tzinfo=UTC) for row in answer.rows} == {NOON}
    for request in (pb.GetUsageRequest(since=stamp(NOON)), pb.GetUsageRequest()):
        told = await custodian.refused("GetUsage", request)
        assert (told.code, told.reason) == (grpc.StatusCode.PERMISSION_DENIED, "INDEX_ONLY")


@pytest.mark.parametrize(
    "since",
    [None, Timestamp(seconds=10**14), Timestamp(seconds=-(10**14)), Timestamp(seconds=0)],
)
async def test_usage_since_no_time_or_too_long_ago_is_refused(
    custodian: Custodian, since: Timestamp | None
) -> None:
    told = await custodian.refused("GetUsage", pb.GetUsageRequest(since=since), oin=OIN_INDEX)
    assert (told.code, told.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ["since"])


async def test_health_follows_the_store_and_the_key_ring(custodian: Custodian) -> None:
    async with custodian.channel() as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)

        async def state() -> int:
            request = health_pb2.HealthCheckRequest(service=SERVICE)
            return int((await stub.Check(request, timeout=30)).status)

        assert await state() == SERVING
        custodian.room.store.is_away = True
        assert await state() == NOT_SERVING
        custodian.room.store.is_away = False
        assert await state() == SERVING
        (custodian.room.folder / "epochs.json").write_text("{}")
        assert await state() == NOT_SERVING


async def test_reflection_lists_the_pseudonym_service_and_nothing_of_the_index(custodian: Custodian) -> None:
    async with custodian.channel() as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[arg-type]
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        call = stub.ServerReflectionInfo(iter([request]), timeout=30)
        names = {service.name async for answer in call for service in answer.list_services_response.service}
    assert names == {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


async def test_no_element_of_a_call_is_in_a_log_line(
    custodian: Custodian, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = Batch(count=2)
    answer = await custodian.call("Evaluate", evaluate(batch))
    await custodian.refused("Evaluate", evaluate(batch, blinded_elements=[*batch.elements, b"\xff" * 32]))
    written = "".join(capsys.readouterr())
    assert "rpc.call-failed" in written
    for value in (*batch.elements, *answer.evaluated_elements, answer.proof, b"\xff" * 32):
        assert value.hex() not in written
        assert repr(value)[2:-1] not in written
