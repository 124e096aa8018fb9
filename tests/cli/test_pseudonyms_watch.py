"""`verwijsindex pseudonyms watch` beside a running pseudonym service, as the index's operator runs it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from pathlib import Path

import grpc
import pytest

from gateway.cli.output import Exit
from gateway.cli.pseudonyms_watch import watch
from gateway.domain import Oin
from gateway.index.migrate import SCHEMA
from gateway.index.sql.store import open_store
from gateway.settings import StoreSettings
from tests.cli.test_pseudonym_service import command, serving
from tests.evaluation.support import Batch
from tests.support.custody import Custody
from tests.support.facts import OIN_GGZ, OIN_VT
from tests.support.sealed import involvement, message
from tests.support.serving import OIN_INDEX, Identities
from tests.support.trial import COMMAND, clean_environment
from verwijsindex.v1 import pseudonym_pb2 as pb
from verwijsindex.v1 import pseudonym_pb2_grpc


def index_config(folder: Path, identities: Identities, *, service: str | None) -> Path:
    """Write the settings of an index with a migrated store in which Veilig Thuis registered ten persons."""
    tls = identities.tls(OIN_INDEX, server=True)
    folder.mkdir()
    config = folder / "index.toml"
    config.write_text(
        f"""\
environment = "trial"
oin = "{OIN_INDEX}"
sealing_key = "sealing.key"
pseudonym_keys = "pseudonym-keys.json"

[store]
url = "sqlite:///index.sqlite3"

[bus]
url = "sqlite:///bus.sqlite3"

[tls]
certificate = "{tls.certificate}"
key = "{tls.key}"
trusted_ca = "{tls.trusted_ca}"

[watch]
every_seconds = 3600
factor = 2
floor = 5
"""
        + (f'\n[pseudonym_service]\naddress = "{service}"\n' if service else ""),
        "utf-8",
    )
    store = StoreSettings(url=f"sqlite:///{folder}/index.sqlite3")
    SCHEMA.migrate(store)
    asyncio.run(_register(store))
    return config


async def _register(settings: StoreSettings) -> None:
    store = open_store(settings)
    async with store.transaction() as tx:
        await tx.facts.save_all([message(involvement(OIN_VT, f"p{number}")) for number in range(10)])
    await store.close()


async def evaluate(address: str, identities: Identities, caller: Oin, count: int) -> None:
    async with grpc.aio.secure_channel(address, identities.credentials(caller)) as channel:
        request = pb.EvaluateRequest(
            epoch=1,
            blinded_elements=Batch(count=count).elements,
            purpose=pb.EVALUATION_PURPOSE_REGISTRATION,
        )
        await pseudonym_pb2_grpc.PseudonymServiceStub(channel).Evaluate(request, timeout=60)


def run(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "pseudonyms", "watch", "--config", str(config), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=clean_environment(),
    )


@pytest.fixture
def running(custody: Custody) -> Custody:
    """A custodian with a store and a key."""
    for arguments in (("pseudonyms", "migrate"), ("pseudonyms", "init")):
        assert command(custody, *arguments).returncode == 0
    return custody


def test_watch_once_prints_how_partners_stand_and_ends_with_1_when_one_stands_out(
    running: Custody, identities: Identities, tmp_path: Path
) -> None:
    with serving(running) as address:
        config = index_config(tmp_path / "index", identities, service=address)
        asyncio.run(evaluate(address, identities, OIN_VT, 25))
        asyncio.run(evaluate(address, identities, OIN_GGZ, 5))
        quiet = run(config, "--once", "--json")
        assert quiet.returncode == Exit.OK, quiet.stderr
        vt = {"oin": OIN_VT, "evaluated": 25, "registered": 10, "asked": 0, "explained": 25, "rings": False}
        ggz = {"oin": OIN_GGZ, "evaluated": 5, "registered": 0, "asked": 0, "explained": 5, "rings": False}
        assert json.loads(quiet.stdout) == {"partners": [vt, ggz]}
        asyncio.run(evaluate(address, identities, OIN_GGZ, 1))
        loud = run(config, "--once", "--json")
        assert loud.returncode == Exit.FINDINGS
        assert json.loads(loud.stdout)["partners"] == [vt, ggz | {"evaluated": 6, "rings": True}]
        table = run(config, "--once")
        assert table.returncode == Exit.FINDINGS
        assert "ONVERKLAARD" in table.stdout
        assert OIN_VT in table.stdout


def test_watch_without_once_names_who_stands_out_until_it_is_stopped(
    running: Custody, identities: Identities, tmp_path: Path
) -> None:
    with serving(running) as address:
        config = index_config(tmp_path / "index", identities, service=address)
        asyncio.run(evaluate(address, identities, OIN_GGZ, 6))
        with subprocess.Popen(
            [*COMMAND, "pseudonyms", "watch", "--config", str(config), "--json"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=clean_environment(),
        ) as process:
            assert process.stderr is not None
            started, alarm = (json.loads(process.stderr.readline()) for _ in range(2))
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
    assert started["event"] == "watching.started"
    assert (alarm["event"], alarm["organisation"]) == ("watching.evaluations-unexplained", OIN_GGZ)


def test_a_service_that_is_away_ends_watch_once_as_unavailable(
    identities: Identities, tmp_path: Path
) -> None:
    done = run(index_config(tmp_path / "index", identities, service="127.0.0.1:1"), "--once")
    assert done.returncode == Exit.UNAVAILABLE
    assert done.stderr.startswith("verwijsindex: the pseudonym service at 127.0.0.1:1")


def test_an_index_that_knows_no_service_is_told_which_setting_to_set(
    identities: Identities, tmp_path: Path
) -> None:
    done = run(index_config(tmp_path / "index", identities, service=None), "--once")
    assert done.returncode == Exit.CONFIGURATION
    assert "pseudonym_service.address" in done.stderr


def test_the_command_says_in_its_help_what_its_exit_code_means() -> None:
    assert "exit code 1" in (watch.__doc__ or "")
