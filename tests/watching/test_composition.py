"""The watch as the index's own process runs it: beside the lookups, and only where it knows the service."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.bootstrap.watching import watch_beside
from gateway.settings import IndexSettings
from tests.support.fake_store import FakeIndexStore
from tests.support.serving import OIN_INDEX, Identities
from tests.watching.conftest import Custodian


def settings_of(identities: Identities, **changes: Any) -> IndexSettings:
    nowhere = Path("nowhere")
    values: dict[str, Any] = {
        "environment": "trial",
        "oin": OIN_INDEX,
        "store": {"url": "sqlite:///nowhere"},
        "bus": {"url": "sqlite:///nowhere"},
        "tls": identities.tls(OIN_INDEX).model_dump(),
        "sealing_key": nowhere,
        "pseudonym_keys": nowhere,
    }
    return IndexSettings(**values | changes)


def events(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [orjson.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]


async def test_without_a_pseudonym_service_in_the_settings_it_says_so_and_lets_the_rest_run(
    identities: Identities, capsys: pytest.CaptureFixture[str]
) -> None:
    await watch_beside(settings_of(identities), FakeIndexStore(), asyncio.Event())
    assert events(capsys) == ["watching.off"]


async def test_with_one_it_looks_at_once_and_a_service_that_is_away_ends_nothing(
    identities: Identities, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = asyncio.Event()
    settings = settings_of(
        identities, pseudonym_service={"address": "127.0.0.1:1"}, watch={"every_seconds": 600}
    )
    watching = asyncio.create_task(watch_beside(settings, FakeIndexStore(), stop))
    seen: list[str] = []
    while "watching.postponed" not in seen:
        await asyncio.sleep(0)
        seen += events(capsys)
    assert not watching.done()
    stop.set()
    await watching
    assert seen == ["watching.started", "watching.postponed"]


async def test_the_terms_of_the_settings_are_those_it_judges_by(
    custodian: Custodian, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = asyncio.Event()
    stop.set()
    address = custodian.address.model_dump()
    settings = settings_of(custodian.identities, pseudonym_service=address, watch={"factor": 7, "floor": 3})
    await watch_beside(settings, FakeIndexStore(), stop)
    [line] = [orjson.loads(line) for line in capsys.readouterr().err.splitlines() if "watching" in line]
    assert (line["factor"], line["floor"], line["every_seconds"]) == (7, 3, 600)
