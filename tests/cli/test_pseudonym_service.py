"""`verwijsindex pseudonym-service` as its custodian runs it: a process of its own, through rotation and restart."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from gateway.cli.output import Exit
from gateway.pseudonyms import voprf
from gateway.pseudonyms.pinned import PinnedKeys
from tests.evaluation.support import Batch
from tests.support.custody import Custody
from tests.support.facts import OIN_VT
from tests.support.serving import Identities
from tests.support.trial import COMMAND, clean_environment
from verwijsindex.v1 import pseudonym_pb2 as pb
from verwijsindex.v1 import pseudonym_pb2_grpc


def command(custody: Custody, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments, "--config", str(custody.folder), "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=clean_environment(),
    )


@contextmanager
def serving(custody: Custody) -> Iterator[str]:
    """Run the service; yield its address. It must end well when it is asked to."""
    with (custody.folder / "service.log").open("ab") as log:
        process = subprocess.Popen(
            [*COMMAND, "pseudonym-service", "--config", str(custody.config), "--json"],
            stdout=subprocess.PIPE,
            stderr=log,
            env=clean_environment(),
        )
    with process:
        try:
            assert process.stdout is not None
            printed = b"".join(iter(process.stdout.readline, b"}\n"))
            assert printed, (custody.folder / "service.log").read_text()[-2000:]
            yield json.loads(printed + b"}")["address"]
        finally:
            process.terminate()
        assert process.wait(timeout=60) == 0


async def evaluate(address: str, identities: Identities, batch: Batch, **changes: Any) -> Any:
    async with grpc.aio.secure_channel(address, identities.credentials(OIN_VT)) as channel:
        request = pb.EvaluateRequest(
            epoch=batch.epoch,
            blinded_elements=batch.elements,
            purpose=pb.EVALUATION_PURPOSE_LOOKUP,
            **changes,
        )
        return await pseudonym_pb2_grpc.PseudonymServiceStub(channel).Evaluate(request, timeout=30)


def prepare(custody: Custody) -> None:
    for arguments in (("pseudonyms", "migrate"), ("pseudonyms", "init")):
        done = command(custody, *arguments)
        assert done.returncode == 0, done.stderr


def pinned_key(custody: Custody, epoch: int) -> bytes:
    found = PinnedKeys.read(custody.public_keys).of(epoch)
    assert found is not None
    return found.public_key


async def test_it_serves_follows_a_rotation_and_remembers_quota_and_log_over_a_restart(
    custody: Custody, identities: Identities
) -> None:
    prepare(custody)
    with serving(custody) as address:
        first = Batch(count=1000)
        answer = await evaluate(address, identities, first)
        key = pinned_key(custody, 1)
        voprf.verify(key, first.elements, list(answer.evaluated_elements), answer.proof)

        assert command(custody, "pseudonyms", "rotate").returncode == 0
        second = Batch(epoch=2, count=900)
        answer = await evaluate(address, identities, second)
        key = pinned_key(custody, 2)
        voprf.verify(key, second.elements, list(answer.evaluated_elements), answer.proof)
    with serving(custody) as address:
        # 1,900 of its burst of 2,000 went before the restart; one comes back in a minute.
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await evaluate(address, identities, Batch(epoch=2, count=1000))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    records = json.loads(command(custody, "pseudonyms", "log").stdout)["records"]
    done = [each for each in records if (each["event"], each["outcome"]) == ("evaluation", "done")]
    assert [(each["epoch"], each["count"]) for each in done] == [(1, 1000), (2, 900)]
    written = (custody.folder / "service.log").read_text()
    assert OIN_VT in written
    assert not any(element.hex() in written for element in (*first.elements, *second.elements))


def test_it_does_not_start_without_a_store_or_a_key(custody: Custody) -> None:
    done = command(custody, "pseudonym-service")
    assert (done.returncode, done.stdout) == (Exit.CONFIGURATION, "")
    assert "verwijsindex pseudonyms migrate" in done.stderr
    command(custody, "pseudonyms", "migrate")
    done = command(custody, "pseudonym-service")
    assert (done.returncode, done.stdout) == (Exit.CONFIGURATION, "")
    assert "verwijsindex pseudonyms init" in done.stderr


def test_it_does_not_start_with_a_key_that_others_may_read(custody: Custody) -> None:
    prepare(custody)
    (custody.keys / "epoch-1.key").chmod(0o640)
    done = command(custody, "pseudonym-service")
    assert (done.returncode, done.stdout) == (Exit.CONFIGURATION, "")
    assert "chmod 600" in done.stderr
