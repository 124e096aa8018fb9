"""The integrators' page about the agent: its grpcurl examples run, and it names every event."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

import gateway.agent.events
import gateway.pseudonyms.events
from gateway.telemetry.log import LogEvent
from tests.docs.by_hand import environment, with_expectation
from tests.docs.grpcurl import BUILD_SECONDS, folder_of_grpcurl
from tests.docs.pages import blocks_of, missing_line, page
from tests.support.partner_desk import AgentDesk, agent

PAGE = "docs/integrators/agent.md"


@pytest.mark.slow
@pytest.mark.timeout(2 * BUILD_SECONDS)
async def test_the_grpcurl_examples_print_what_the_page_says(desk: AgentDesk) -> None:
    tools = folder_of_grpcurl()
    pairs = with_expectation(blocks_of(PAGE), "by-hand-agent", "bash")
    assert len(pairs) == 2
    async with agent(desk.settings()):
        for block, expected in pairs:
            assert expected is not None
            output = await _run(block.text, desk.folder, tools)
            line = missing_line(expected.text, output)
            assert line is None, f"{PAGE} line {expected.line}: no line like {line!r} in:\n{output}"


def test_every_event_of_the_agent_and_of_the_pseudonyms_is_explained() -> None:
    named = set(re.findall(r"`([^`\n]+)`", page(PAGE)))
    rooms = (gateway.agent.events, gateway.pseudonyms.events)
    declared = {each.id for room in rooms for each in vars(room).values() if isinstance(each, LogEvent)}
    assert declared <= named
    assert {word for word in named if word.startswith(("agent.", "pseudonyms."))} == {*declared, "agent.sock"}


async def _run(text: str, folder: Path, tools: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", text,
        cwd=folder,
        env=environment(tools),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()
