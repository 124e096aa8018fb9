"""A real Apache Kafka for tests: one KRaft node in a temporary folder, or the cluster that KAFKA_BOOTSTRAP names."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """What a broker needs for the guarded listeners: PEM files and one SCRAM-SHA-512 user."""

    certificate: Path
    key: Path
    trusted_ca: Path
    username: str
    password: str


class KafkaServer:
    """Runs one broker while the block runs.

    With `guarded` it is always an own broker, and has two more listeners: `sasl_bootstrap` (TLS, SCRAM-SHA-512)
    and `tls_bootstrap` (TLS, a client certificate of the trusted CA required).
    """

    def __init__(self, *, guarded: Guarded | None = None) -> None:
        given = os.environ.get("KAFKA_BOOTSTRAP", "") if guarded is None else ""
        self._own = not given
        self._guarded = guarded
        self._process: subprocess.Popen[bytes] | None = None
        self._home: Path | None = None
        self._java: list[str] = []
        self.bootstrap = given
        self.sasl_bootstrap = ""
        self.tls_bootstrap = ""
        # A broker does not tell its version on the wire: whoever names one may say it.
        self.version = os.environ.get("KAFKA_VERSION", "unknown, given by KAFKA_BOOTSTRAP") if given else ""

    def __enter__(self) -> KafkaServer:
        try:
            if self._own:
                self._prepare()
                self.start()
            else:
                self._wait_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)

    def start(self) -> None:
        """Start the own broker, on the ports and the log it had before, and wait until it is ready."""
        assert self._home is not None
        with (self._home / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [*self._java, "kafka.Kafka", str(self._home / "server.properties")],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait_ready()

    def kill(self) -> None:
        """End the own broker at once, as a power cut does; its log stays until the block ends."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)
            self._process = None

    def _prepare(self) -> None:
        libraries = jars(POM)
        self.version = _version(libraries)
        self._java = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-cp", f"{libraries}/*"]
        self._home = Path(tempfile.mkdtemp(prefix="vwi-kafka-"))
        properties = self._home / "server.properties"
        ports = _free_ports(4)
        self.bootstrap, self.sasl_bootstrap, self.tls_bootstrap = (f"127.0.0.1:{port}" for port in ports[:3])
        text = _properties(self._home / "log", ports, guarded=self._guarded is not None)
        if self._guarded is not None:
            text += _guard(self._guarded, self._home)
        properties.write_text(text, "ascii")
        scram = [] if self._guarded is None else ["--add-scram", _scram(self._guarded)]
        cluster = _output([*self._java, "kafka.tools.StorageTool", "random-uuid"])
        _output(
            [*self._java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties), *scram]
        )

    def _wait_ready(self) -> None:
        try:
            asyncio.run(self._ready())
        except TimeoutError:
            raise ServiceMissing(f"Kafka did not get ready in time {self._last_words()}") from None

    async def _ready(self) -> None:
        """Wait until topics can be made and a consumer group can be joined."""
        async with asyncio.timeout(READY_SECONDS):
            while True:
                if self._process is not None and self._process.poll() is not None:
                    raise ServiceMissing(f"Kafka ended while starting {self._last_words()}")
                try:
                    await _probe(self.bootstrap)
                except (KafkaError, OSError):
                    await asyncio.sleep(0.2)
                else:
                    return

    def _last_words(self) -> str:
        if self._home is None or not (self._home / "output").exists():
            return ""
        return (self._home / "output").read_text(errors="replace")[-600:]


def _properties(log: Path, ports: list[int], *, guarded: bool) -> str:
    plain, sasl, tls, controller = (f"127.0.0.1:{port}" for port in ports)
    open_to_all = f"PLAINTEXT://{plain}" + (f",SASL_SSL://{sasl},SSL://{tls}" if guarded else "")
    return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{controller}
listeners={open_to_all},CONTROLLER://{controller}
advertised.listeners={open_to_all}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT
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


def _guard(guarded: Guarded, home: Path) -> str:
    """Write the broker's key store (PEM, KIP-651) and return the settings of the guarded listeners."""
    store = home / "broker.pem"
    store.touch(0o600)
    store.write_bytes(guarded.key.read_bytes() + guarded.certificate.read_bytes())
    return f"""\
ssl.keystore.type=PEM
ssl.keystore.location={store}
ssl.truststore.type=PEM
ssl.truststore.location={guarded.trusted_ca}
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.ssl.ssl.client.auth=required
"""


def _scram(guarded: Guarded) -> str:
    return f"SCRAM-SHA-512=[name={guarded.username},password={guarded.password}]"


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
