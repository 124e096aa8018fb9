"""The committed stubs are what the .proto files give: `make proto` changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.support.generate_proto import PROTO, ROOT


def test_generated_stubs_are_current(tmp_path: Path) -> None:
    # As `make proto` does it: protoc finds its mypy plugin on the PATH.
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "tests.support.generate_proto", str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"PATH": path}, capture_output=True)
    generated = stubs_below(tmp_path)
    committed = stubs_below(PROTO)
    assert len(generated) == 32
    assert generated.keys() == committed.keys()
    stale = [str(name) for name, content in generated.items() if committed[name] != content]
    assert stale == [], "run `make proto`"


def stubs_below(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.glob("verwijsindex/v1/*_pb2*.py*")}
