"""ADT messages of other systems: each is read, none has a BSN, each is acknowledged, nothing of them goes on."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from adapters.kit.mllp import send_mllp
from gateway.cli.demo.planted import Search
from tests.end_to_end.test_commands import take_in
from tests.support.trial import COMMAND, Trial, clean_environment


def samples(shared_data: Path) -> list[Path]:
    found = sorted((shared_data / "hl7v2").glob("*.hl7"))
    assert len(found) == 12
    return found


def words(paths: list[Path]) -> set[str]:
    """Long words of the personal segments: names, streets, diagnoses; none may turn up anywhere."""
    found: set[str] = set()
    for path in paths:
        for segment in re.split(r"[\r\n]+", path.read_text("utf-8", "replace")):
            if segment[:3] in {"PID", "NK1", "DG1", "IN1", "GT1"}:
                found.update(re.findall(r"[A-Z][a-z]{3,} [A-Z][a-z]{3,}|\d{3}-\d{4}", segment))
    return found


def test_each_sample_has_its_line_in_the_report_and_leaves_nothing(shared_data: Path, tmp_path: Path) -> None:
    trial = Trial.make(tmp_path / "site")
    paths = samples(shared_data)
    for path in paths:
        report = take_in(trial, "ggz", path)
        # A merge registers nobody: with nothing sent under either number there is nothing to move.
        merges = "A40" in path.name
        assert (report["read"], report["messages"]) == (1, 0)
        assert (report["without_bsn"], report["unchanged"]) == ((0, 1) if merges else (1, 0))
        assert [line["field"] for line in report["details"]] == ([] if merges else ["PID-3"])
    needles = words(paths)
    assert len(needles) > 10
    found = Search(sorted(needles))
    asyncio.run(found.folder(trial.folder))
    assert found.found == {}


@pytest.mark.xdist_group("mllp")
def test_each_sample_is_acknowledged_over_mllp(shared_data: Path, tmp_path: Path) -> None:
    trial = Trial.make(tmp_path / "site")
    with trial.config("ggz").open("a") as settings:
        settings.write("\n[adapter.mllp]\nport = 0\n")
    adapter = subprocess.Popen(
        [*COMMAND, "adapter", "run", "ggz", "--config", str(trial.config("ggz")), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean_environment(),
    )
    assert adapter.stdout is not None
    output = adapter.stdout
    try:
        port = json.loads(output.readline())["mllp_port"]
        raw = [path.read_bytes() for path in samples(shared_data)]
        answers = asyncio.run(send_mllp("127.0.0.1", port, [*raw, b"this is no message"]))
    finally:
        os.kill(adapter.pid, signal.SIGTERM)
        assert adapter.wait(timeout=60) == 0
        output.close()
    control_ids = [re.split(rb"[\r\n]", message)[0].split(b"|")[9] for message in raw]
    for answer, control_id in zip(answers, control_ids, strict=False):
        assert b"\rMSA|AA|" + control_id in answer
    assert b"MSA|AR|" in answers[-1]
