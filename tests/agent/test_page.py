"""The integrators' page about the agent: its examples run on the README's own site, and it names every event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway.agent.events
import gateway.pseudonyms.events
from gateway.telemetry.log import LogEvent
from tests.docs.by_hand import Walk, follow, marked, with_expectation
from tests.docs.grpcurl import BUILD_SECONDS, folder_of_grpcurl
from tests.docs.pages import blocks_of, missing_line, page

PAGE = "docs/integrators/agent.md"


@pytest.fixture
def walk(folder: Path) -> Iterator[Walk]:
    """The README followed by hand and then the page's agent started, all of it still running."""
    tools = folder_of_grpcurl()
    [serve] = marked(blocks_of(PAGE), "by-hand-agent-serve")
    with follow("README.md", folder) as followed, followed.serving(serve):
        followed.tools = tools
        yield followed


@pytest.mark.slow
@pytest.mark.timeout(2 * BUILD_SECONDS)
def test_the_grpcurl_examples_print_what_the_page_says(walk: Walk) -> None:
    pairs = with_expectation(blocks_of(PAGE), "by-hand-agent", "bash")
    assert len(pairs) == 2
    for block, expected in pairs:
        assert expected is not None
        output = walk.run(block)
        line = missing_line(expected.text, output)
        assert line is None, f"{PAGE} line {expected.line}: no line like {line!r} in:\n{output}"


def test_every_event_of_the_agent_and_of_the_pseudonyms_is_explained() -> None:
    named = set(re.findall(r"`([^`\n]+)`", page(PAGE)))
    rooms = (gateway.agent.events, gateway.pseudonyms.events)
    declared = {each.id for room in rooms for each in vars(room).values() if isinstance(each, LogEvent)}
    assert declared <= named
    assert {word for word in named if word.startswith(("agent.", "pseudonyms."))} == {*declared, "agent.sock"}
