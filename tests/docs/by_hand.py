"""Do what a page tells a newcomer to do by hand: its `by-hand` blocks, in order, each in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.pages import Block, blocks_of
from tests.support.trial import clean_environment

DOCUMENTED_ADDRESS = "127.0.0.1:50443"
LONGEST_COMMAND_SECONDS = 120
_ANSWERS_ON = re.compile(r"answers on (\S+)")


@dataclass
class Walk:
    """A folder in which a page is followed. `address` is where its index answers, once it does."""

    folder: Path
    address: str = DOCUMENTED_ADDRESS
    outputs: list[tuple[Block, str]] = field(default_factory=list)
    """What each block printed that has an expectation after it."""
    tools: Path | None = None
    """A folder with further commands, after the project's own."""

    def run(self, block: Block) -> str:
        """Run a bash or python block to its end and return what it printed; AssertionError unless it ends well."""
        command = [sys.executable, "-c"] if block.language == "python" else ["bash", "-euo", "pipefail", "-c"]
        done = subprocess.run(
            [*command, self._here(block.text)],
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            env=environment(self.tools),
            capture_output=True,
            text=True,
            timeout=LONGEST_COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == 0, (
            f"line {block.line} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
        return done.stdout

    @contextmanager
    def serving(self, block: Block) -> Iterator[None]:
        """Run a lasting block while the `with` block runs, from the moment it says where it answers."""
        log = self.folder / f"{_command_of(block)}.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {block.text}"],
                cwd=self.folder,
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        with process:
            try:
                assert process.stdout is not None
                ready = _ANSWERS_ON.search(process.stdout.readline())
                assert ready, log.read_text()[-2000:]
                if _command_of(block) == "serve":
                    self.address = ready[1]
                yield
            finally:
                process.terminate()

    def _here(self, text: str) -> str:
        # A free port in place of the documented one: other sites may run on this machine.
        return text.replace(
            "verwijsindex init site", "verwijsindex init site --port 0 --pseudonym-port 0"
        ).replace(DOCUMENTED_ADDRESS, self.address)


def _command_of(block: Block) -> str:
    """Return the command of a lasting block: the word after `verwijsindex`."""
    return block.text.split()[1]


@contextmanager
def follow(name: str, folder: Path) -> Iterator[Walk]:
    """Follow the bash blocks of a page marked `by-hand`; yield with its lasting commands still running."""
    walk = Walk(folder)
    blocks = blocks_of(name)
    lasting = marked(blocks, "by-hand-serve")
    serve = lasting[-1]
    before = [block for block in marked(blocks, "by-hand", "bash") if block.line < lasting[0].line]
    for block in before:
        walk.run(block)
    with ExitStack() as running:
        for block in lasting:
            running.enter_context(walk.serving(block))
        for block, expected in with_expectation(blocks, "by-hand", "bash"):
            if block.line > serve.line:
                output = walk.run(block)
                if expected is not None:
                    walk.outputs.append((expected, output))
        yield walk


def marked(blocks: Sequence[Block], word: str, language: str | None = None) -> list[Block]:
    """Return the blocks with a word after their language."""
    return [block for block in blocks if word in block.words and language in {None, block.language}]


def with_expectation(blocks: Sequence[Block], word: str, language: str) -> list[tuple[Block, Block | None]]:
    """Return the marked blocks, each with the `text` block of the same mark straight after it, if there is one."""
    same = marked(blocks, word)
    pairs: list[tuple[Block, Block | None]] = []
    for block, following in zip(same, [*same[1:], None], strict=True):
        if block.language == language:
            expected = following if following is not None and following.language == "text" else None
            pairs.append((block, expected))
    return pairs


def environment(tools: Path | None = None) -> dict[str, str]:
    """Return the environment of a newcomer: the project's commands first, a wide terminal, no settings."""
    folders = [Path(sys.executable).parent, *([tools] if tools is not None else [])]
    path = os.pathsep.join([*map(str, folders), os.environ["PATH"]])
    return clean_environment() | {"PATH": path, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
