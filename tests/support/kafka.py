"""A real Apache Kafka for tests: one KRaft node in a temporary folder, or the cluster that KAFKA_BOOTSTRAP names."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from tests.support.java import jars
from tests.support.postgres import ServiceMissing

READY_SECONDS = 90
POM = Path(__file__).with_name("java") / "kafka" / "pom.xml"
PROBE_TOPIC = "verwijsindex.tests.ready"


class KafkaServer:
    """Runs one broker while the block runs."""

    def __init__(self) -> None:
        self._given = os.environ.get("KAFKA_BOOTSTRAP", "")
        self._process: subprocess.Popen[bytes] | None = None
        self._home: Path | None = None
        self.bootstrap = self._given
        self.version = "given by KAFKA_BOOTSTRAP" if self._given else ""

    def __enter__(self) -> KafkaServer:
        if not self._given:
            self._start()
        try:
            asyncio.run(_wait_ready(self.bootstrap))
        except TimeoutError:
            self.__exit__(None, None, None)
            raise ServiceMissing("Kafka did not get ready in time") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)

    def _start(self) -> None:
        libraries = jars(POM)
        self.version = _version(libraries)
        self._home = Path(tempfile.mkdtemp(prefix="vwi-kafka-"))
        properties = self._home / "server.properties"
        broker, controller = _free_ports(2)
        properties.write_text(_properties(self._home / "log", broker, controller), "ascii")
        java = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-cp", f"{libraries}/*"]
        cluster = _output([*java, "kafka.tools.StorageTool", "random-uuid"])
        _output([*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)])
        self._process = subprocess.Popen(
            [*java, "kafka.Kafka", str(properties)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.bootstrap = f"127.0.0.1:{broker}"


def _properties(log: Path, broker: int, controller: int) -> str:
    return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={log}
num.partitions=1
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
message.max.bytes=16777216
replica.fetch.max.bytes=16777216
"""


def _version(libraries: Path) -> str:
    for jar in libraries.glob("kafka_2.13-*.jar"):
        found = re.fullmatch(r"kafka_2\.13-(.+)\.jar", jar.name)
        if found:
            return found.group(1)
    raise ServiceMissing("the jars hold no Kafka")


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServiceMissing(f"Kafka's storage tool failed: {done.stderr[-300:]}")
    return done.stdout.strip()


async def _wait_ready(bootstrap: str) -> None:
    """Wait until topics can be made and a consumer group can be joined."""
    async with asyncio.timeout(READY_SECONDS):
        while True:
            try:
                await _probe(bootstrap)
            except (KafkaError, OSError):
                await asyncio.sleep(0.2)
            else:
                return


async def _probe(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        await admin.create_topics([NewTopic(PROBE_TOPIC, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()
    consumer = AIOKafkaConsumer(PROBE_TOPIC, bootstrap_servers=bootstrap, group_id="verwijsindex-tests-ready")
    try:
        await consumer.start()
    finally:
        await consumer.stop()


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
