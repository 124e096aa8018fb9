"""A session's real services are shared by its workers, and none is left when the session is killed."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.hold import ROOT

SESSION = """
import sys
from pathlib import Path
from tests.support.hold import service, session
folder = Path(sys.argv[1])
with session(folder):
    first, second = service("postgres", folder), service("postgres", folder)
    assert first == second
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.services
@pytest.mark.parametrize("way", ["ended", "killed"])
def test_no_service_outlives_its_session(postgres_url: str, tmp_path: Path, way: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SESSION, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"held\n"
        state = json.loads((tmp_path / "postgres.json").read_text())
        assert state["where"].startswith("postgresql://")
        with (tmp_path / "postgres.alive").open("w") as alive:
            with pytest.raises(BlockingIOError):
                fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if way == "killed":
                started.kill()
            else:
                assert started.stdin is not None
                started.stdin.close()
            started.wait()
            # The holder has let go once its server has been stopped.
            fcntl.flock(alive, fcntl.LOCK_EX)


def test_a_service_that_cannot_be_had_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    script = SESSION.replace('"postgres"', '"kafka"').replace('print("held", flush=True)', "print(first)")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    assert b"java is not installed" in done.stdout
