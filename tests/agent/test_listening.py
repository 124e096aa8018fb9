"""Where the agent can be reached and where it cannot, and how it comes and goes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from gateway.agent.listening import listen_on_loopback, listen_on_socket
from gateway.errors import ConfigurationError, UnsafeConfigurationError
from tests.support.partner_desk import ANSWER, AgentDesk, RunningAgent, agent
from tests.support.trial import COMMAND, clean_environment

SERVING, NOT_SERVING = (
    health_pb2.HealthCheckResponse.SERVING,
    health_pb2.HealthCheckResponse.NOT_SERVING,
)


async def test_without_a_setting_it_listens_on_a_socket_beside_the_state_file_for_its_user_alone(
    desk: AgentDesk,
) -> None:
    path = desk.folder / "agent.sock"
    async with agent(desk.settings()) as running:
        assert running.address == f"unix:{path}"
        assert stat.S_ISSOCK(path.stat().st_mode)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert await running.ask() == ANSWER
    assert not path.exists()


async def test_a_socket_of_the_settings_is_relative_to_their_file(desk: AgentDesk) -> None:
    async with agent(desk.settings('socket = "other.sock"')) as running:
        assert running.address == f"unix:{desk.folder / 'other.sock'}"
        assert await running.ask() == ANSWER


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
async def test_with_a_port_it_listens_on_the_loopback_interface(desk: AgentDesk, host: str) -> None:
    async with agent(desk.settings(f'host = "{host}"\nport = 0')) as running:
        assert running.address.rpartition(":")[0].strip("[]") == host
        assert await running.ask() == ANSWER
    assert not (desk.folder / "agent.sock").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "index.example", ""])  # noqa: S104 - refused
async def test_any_other_interface_refuses_to_start(desk: AgentDesk, host: str) -> None:
    with pytest.raises(UnsafeConfigurationError, match=r"agent\.host"):
        desk.settings(f'host = "{host}"\nport = 0')
    with pytest.raises(UnsafeConfigurationError, match=r"agent\.host"):
        listen_on_loopback(grpc.aio.server(), host, 0)


def test_a_socket_and_a_port_together_are_refused(desk: AgentDesk) -> None:
    with pytest.raises(ConfigurationError, match="set socket or port, not both"):
        desk.settings('socket = "agent.sock"\nport = 0')


async def test_a_second_agent_on_a_socket_or_port_refuses_to_start(desk: AgentDesk) -> None:
    async with agent(desk.settings()) as running:
        with pytest.raises(ConfigurationError, match="another agent answers"):
            async with agent(desk.settings()):
                pytest.fail("it started")
        assert await running.ask() == ANSWER
    async with agent(desk.settings("port = 0")) as running:
        port = running.address.rpartition(":")[2]
        with pytest.raises(ConfigurationError, match="is it taken"):
            async with agent(desk.settings(f"port = {port}")):
                pytest.fail("it started")


async def test_a_socket_that_a_killed_agent_left_is_taken_over(desk: AgentDesk) -> None:
    path = desk.folder / "agent.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert path.exists()
    async with agent(desk.settings()) as running:
        assert await running.ask() == ANSWER


async def test_a_file_in_the_place_of_the_socket_stays_as_it_is(folder: Path) -> None:
    path = folder / "agent.sock"
    path.write_text("somebody's work")
    with pytest.raises(ConfigurationError, match="is no socket"):
        listen_on_socket(grpc.aio.server(), path)
    assert path.read_text() == "somebody's work"


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
async def test_a_folder_in_which_others_may_replace_the_socket_is_refused(folder: Path, mode: int) -> None:
    _give_mode(folder, mode)
    with pytest.raises(UnsafeConfigurationError, match="mode 0700"):
        listen_on_socket(grpc.aio.server(), folder / "agent.sock")


async def test_a_folder_below_one_that_everybody_may_change_is_refused(folder: Path) -> None:
    _give_mode(folder, 0o777)
    below = folder / "below"
    below.mkdir(mode=0o700)
    with pytest.raises(UnsafeConfigurationError, match="mode 0700"):
        listen_on_socket(grpc.aio.server(), below / "agent.sock")


def _give_mode(folder: Path, mode: int) -> None:
    folder.chmod(mode)


async def test_a_folder_that_is_not_there_and_a_path_that_is_too_long_are_refused(folder: Path) -> None:
    for path in (folder / "nowhere" / "agent.sock", folder / ("a" * 120)):
        with pytest.raises(ConfigurationError, match=r"agent\.socket"):
            listen_on_socket(grpc.aio.server(), path)


async def test_the_umask_of_the_process_is_as_before(folder: Path) -> None:
    before = os.umask(0o022)
    os.umask(before)
    listen_on_socket(grpc.aio.server(), folder / "agent.sock")
    after = os.umask(before)
    assert after == before


async def test_health_follows_the_pinned_keys(desk: AgentDesk) -> None:
    async with agent(desk.settings()) as running:
        health: Any = health_pb2_grpc.HealthStub(running.channel)
        for service in ("", "verwijsindex.v1.AgentService"):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == SERVING
        desk.pseudonyms.pinned_file.unlink()
        answer = await health.Check(health_pb2.HealthCheckRequest())
        assert answer.status == NOT_SERVING


async def test_reflection_names_the_service(desk: AgentDesk) -> None:
    async with agent(desk.settings()) as running:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(running.channel)  # type: ignore[arg-type]
        call = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
        async for answer in call:
            names = {service.name for service in answer.list_services_response.service}
    assert "verwijsindex.v1.AgentService" in names
    assert "verwijsindex.v1.IndexService" not in names


async def test_a_question_under_way_is_answered_before_the_agent_ends(desk: AgentDesk) -> None:
    desk.index.gate.clear()
    async with agent(desk.settings()) as running:
        asking = asyncio.create_task(running.ask())
        await desk.index.arrived.wait()
        running.stop.set()
        await _until_not_serving(running)
        desk.index.gate.set()
        assert await asking == ANSWER
        await running.task
    assert not (desk.folder / "agent.sock").exists()


async def _until_not_serving(running: RunningAgent) -> None:
    """Wait until the agent takes no new calls; its connections are still open for the one under way."""
    health: Any = health_pb2_grpc.HealthStub(running.channel)

    async def ask_on() -> None:
        while True:
            await health.Check(health_pb2.HealthCheckRequest(), timeout=60)

    with pytest.raises(grpc.aio.AioRpcError):
        await ask_on()


async def test_the_command_says_where_it_answers_and_ends_well_when_it_is_told_to(desk: AgentDesk) -> None:
    config = desk.write_settings()
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "agent", "--config", str(config), "--json",
        stdout=subprocess.PIPE, env=clean_environment(),
    )  # fmt: skip
    assert process.stdout is not None
    printed = orjson.loads(await process.stdout.readuntil(b"\n}\n"))
    assert printed == {"ready": True, "address": f"unix:{desk.folder / 'agent.sock'}"}
    async with grpc.aio.insecure_channel(printed["address"]) as channel:
        ended = asyncio.create_task(process.wait())
        assert await RunningAgent(printed["address"], channel, asyncio.Event(), ended).ask() == ANSWER  # type: ignore[arg-type]
    process.send_signal(signal.SIGTERM)
    assert await ended == 0
