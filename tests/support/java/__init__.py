"""Java programs that tests run, and how their jars come: through Maven, into a cache outside the source tree."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests.support.postgres import ServiceMissing


def jars(pom: Path) -> Path:
    """Return the folder with the jars that a pom.xml names, fetched once for every content of the file.

    Raises:
        ServiceMissing: Java or Maven is not installed, or Maven fails.

    """
    for command, package in (("java", "openjdk-17-jre-headless"), ("mvn", "maven")):
        if shutil.which(command) is None:
            raise ServiceMissing(f"{command} is not installed (Debian: apt-get install {package})")
    cache = Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "verwijsindex"
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()[:16]
    target = cache / f"{pom.parent.name}-{digest}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{target.name}.lock").open("w") as lock:
        # Test workers start together: one fetches, the others wait.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (target / "complete").exists():
            _fetch(pom, target)
    return target


def _fetch(pom: Path, target: Path) -> None:
    done = subprocess.run(
        [
            *("mvn", "-B", "-q", "-f", str(pom), "dependency:copy-dependencies"),
            *("-DincludeScope=runtime", f"-DoutputDirectory={target}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServiceMissing(f"Maven cannot fetch the jars: {done.stdout[-400:]}")
    (target / "complete").touch()
