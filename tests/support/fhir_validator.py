"""The HAPI FHIR validator as one long-lived Java process: R4, and the project's own profiles."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType

import orjson

from gateway.messages import profile
from tests.support.java import jars

HOME = Path(__file__).with_name("java") / "fhir-validator"
PROFILES = Path(profile.__file__).with_name("profiles")


class FhirValidator:
    """Checks documents while the block runs. The first one takes some seconds, the others milliseconds."""

    def __enter__(self) -> FhirValidator:
        libraries = jars(HOME / "pom.xml")
        self._said = TemporaryFile()
        self._process = subprocess.Popen(
            ["java", "-Xmx2g", "-cp", f"{libraries}/*", str(HOME / "Validate.java"), str(PROFILES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != b"ready":
            self._stop()
            with self._said:
                raise AssertionError(f"the FHIR validator did not start: {self._last_words()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._said.close()

    def _stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def errors(self, document: bytes) -> list[str]:
        """Return the errors of a document; none where R4 and its profiles accept it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # One line a document: JSON without line ends.
        self._process.stdin.write(orjson.dumps(orjson.loads(document)) + b"\n")
        self._process.stdin.flush()
        verdict, *errors = self._process.stdout.readline().decode("utf-8").rstrip("\n").split("\t")
        if verdict not in {"ok", "bad"}:
            raise AssertionError(f"the FHIR validator ended: {self._last_words()}")
        return errors

    def _last_words(self) -> str:
        """Return the end of what Java wrote to standard error."""
        self._said.seek(0)
        return self._said.read()[-2000:].decode("utf-8", "replace")
