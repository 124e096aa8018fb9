"""A trial site for tests: made by `init`'s own code, in a temporary folder, with partners that can sign."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from gateway.bus.opening import open_bus
from gateway.bus.ports import BusRecord
from gateway.cli.trial_site import SiteTerms, free_port, make_site
from gateway.domain import FactMessage, Oin
from gateway.keyfiles import load_signing_key
from gateway.messages.records import to_record
from gateway.messages.signing import key_id
from gateway.settings import IndexSettings, PartnerSettings, load_index_settings, load_partner_settings

COMMAND = [sys.executable, "-c", "from gateway.cli.main import main; main()"]


@dataclass(frozen=True)
class Trial:
    """A made site. `made` is what `init --json` prints."""

    folder: Path
    made: dict[str, Any] = field(repr=False)

    @classmethod
    def make(cls, folder: Path, **terms: Any) -> Trial:
        """Make a site in a new folder, on a free port."""
        return cls(
            folder,
            make_site(folder, SiteTerms(**{"port": free_port(), "pseudonym_port": free_port()} | terms)),
        )

    @property
    def settings(self) -> IndexSettings:
        """The settings of the index."""
        return load_index_settings(Path(self.made["index_config"]))

    def partner(self, kind: str) -> PartnerSettings:
        """Return the settings of a partner."""
        return load_partner_settings(self.config(kind))

    def config(self, kind: str) -> Path:
        """Return the settings file of a partner."""
        return Path(self.made["partners"][kind]["config"])

    def oin(self, kind: str) -> Oin:
        """Return the OIN of a partner."""
        return Oin(self.made["partners"][kind]["oin"])

    def record(self, message: FactMessage) -> BusRecord:
        """Build and sign the record of a message with the key of the partner that its fact names."""
        kind = next(
            kind for kind, entry in self.made["partners"].items() if entry["oin"] == message.fact.partner
        )
        key = load_signing_key(self.partner(kind).signing_key)
        return to_record(message, key=key, kid=key_id(key))

    async def publish(self, records: Sequence[BusRecord]) -> None:
        """Put records on the site's bus."""
        bus = open_bus(self.settings.bus)
        try:
            async with bus.publisher() as publisher:
                await publisher.publish(records)
        finally:
            await bus.close()

    def run(self, *arguments: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `verwijsindex …` in a process of its own."""
        return subprocess.run(
            [*COMMAND, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=check,
            timeout=180,
            env=clean_environment(),
        )

    def json(self, *arguments: str, stdin: str = "", check: bool = True) -> Any:
        """Run `verwijsindex … --json` and return what it printed."""
        return orjson.loads(self.run(*arguments, "--json", stdin=stdin, check=check).stdout)

    @contextmanager
    def process(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a lasting command (`serve`, `ingest`, `pseudonym-service`) while the block runs, once it is ready."""
        log = (self.folder / f"{arguments[0]}.log").open("ab")
        process = subprocess.Popen(
            [*COMMAND, *arguments, "--config", self._config_of(arguments[0]), "--json"],
            stdout=subprocess.PIPE,
            stderr=log,
            env=clean_environment(),
        )
        assert process.stdout is not None
        output = process.stdout
        try:
            line = output.readline()
            if not line:
                raise AssertionError((self.folder / f"{arguments[0]}.log").read_text()[-2000:])
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(timeout=60)
            output.close()
            log.close()

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Run the pseudonym service and the index while the block runs, each as a process of its own."""
        with self.process("pseudonym-service"), self.process("serve"):
            yield

    def _config_of(self, command: str) -> str:
        config: str = (
            self.made["pseudonym_service"]["config"]
            if command == "pseudonym-service"
            else self.made["index_config"]
        )
        return config


def clean_environment() -> dict[str, str]:
    """Return the environment without settings of this project."""
    return {name: value for name, value in os.environ.items() if not name.startswith("VERWIJSINDEX_")}
