"""The real grpcurl: one on the PATH, or built once with Go into `.tools/`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

TOOLS = ROOT / ".tools"
MODULE = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4"
BUILD_SECONDS = 600
"""The first build on a machine fetches and compiles its modules."""


def folder_of_grpcurl() -> Path:
    """Return the folder grpcurl is in; skip the test where there is neither grpcurl nor Go, fail in CI."""
    found = shutil.which("grpcurl") or shutil.which("grpcurl", path=str(TOOLS))
    if found is None:
        _build()
        found = str(TOOLS / "grpcurl")
    return Path(found).parent


def _build() -> None:
    go = shutil.which("go")
    if go is None:
        _absent("no grpcurl on the PATH, and no Go to build it with")
        return
    done = subprocess.run(
        [go, "install", MODULE],
        env=os.environ | {"GOBIN": str(TOOLS)},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        _absent(f"grpcurl cannot be built: {done.stderr.strip().splitlines()[-1]}")


def _absent(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
