"""A process of its own on a bus: `python -m tests.bus.member (publish|hold) BUS_URL TOPIC NAME`."""

from __future__ import annotations

import asyncio
import sys

from gateway.bus.opening import open_bus
from gateway.bus.ports import Bus, BusRecord
from gateway.settings import BusSettings

PUBLISHES = 25


async def publish(bus: Bus, topic: str, name: str) -> None:
    """Publish `name 0`, `name 1`, … each in a transaction of its own."""
    async with bus.publisher() as publisher:
        for number in range(PUBLISHES):
            await publisher.publish([BusRecord(topic=topic, key=b"k", value=f"{name} {number}".encode())])


async def hold(bus: Bus, topic: str, name: str) -> None:
    """Join the group `name`, receive, commit the first record alone, say so, and stay until killed."""
    async with bus.consumer(group=name, topics=[topic]) as consumer:
        found = await consumer.receive(most=10, timeout_seconds=60)
        await consumer.commit(found[:1])
        sys.stdout.write(f"holds {len(found)}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


async def main(what: str, url: str, topic: str, name: str) -> None:
    bus = open_bus(BusSettings(url=url))
    try:
        await (publish if what == "publish" else hold)(bus, topic, name)
    finally:
        await bus.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
