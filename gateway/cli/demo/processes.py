"""Run the project's own commands as separate processes, the way a person would."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from gateway.errors import VerwijsindexError

COMMAND = (sys.executable, "-c", "from gateway.cli.main import main; main()")
READY_SECONDS = 60
STOP_SECONDS = 30


class DemoFailed(VerwijsindexError):  # noqa: N818
    """A command of the demo did not do what it should; the text has its last lines."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: exit code, the JSON it printed (None for nothing), what it said on standard error."""

    code: int
    printed: Any = field(repr=False)
    said: str


async def run_command(*arguments: str, accepted: tuple[int, ...] = (0,), stdin: str = "") -> Ran:
    """Run `verwijsindex …` to its end.

    Raises:
        DemoFailed: it ended with another exit code than the accepted ones.

    """
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(stdin.encode("utf-8"))
    code = process.returncode or 0
    said = err.decode("utf-8", "replace")
    if code not in accepted:
        tail = said.strip().splitlines()[-3:]
        raise DemoFailed(f"`verwijsindex {arguments[0]}` ended with {code}: {' / '.join(tail)}")
    return Ran(code, orjson.loads(out) if out.strip() else None, said)


@asynccontextmanager
async def running(command: str, config: str, log: Path) -> AsyncIterator[None]:
    """Run a lasting command (`serve`, `pseudonym-service`) with its log in a file while the block runs.

    Raises:
        DemoFailed: it did not get ready.

    """
    log_file = await asyncio.to_thread(log.open, "wb")
    with log_file:
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            command,
            "--config",
            config,
            "--json",
            stdout=asyncio.subprocess.PIPE,
            stderr=log_file,
        )
    try:
        await _ready(command, process, log)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _ready(command: str, process: asyncio.subprocess.Process, log: Path) -> None:
    assert process.stdout is not None  # noqa: S101 - it was opened as a pipe
    try:
        line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)
    except TimeoutError:
        line = b""
    if not line:
        tail = (await asyncio.to_thread(log.read_text, "utf-8", "replace")).strip().splitlines()[-3:]
        raise DemoFailed(f"`verwijsindex {command}` did not start: {' / '.join(tail)}")
