"""Files that are replaced whole, so that a stop at any moment leaves the old one or the new one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import ConfigurationError

_OWNER_ONLY = 0o700

Stamp = tuple[int, int, int]
"""Time of change in nanoseconds, size and inode: another stamp, another content."""


class Disk:
    """The two operations between which a program can be stopped; tests stop it there."""

    def write(self, path: Path, content: bytes, *, mode: int) -> None:
        """Make a new file with its content on the disk; a leftover of the same name goes first."""
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def move(self, source: Path, target: Path) -> None:
        """Give the file its name, in one step, and have the folder on the disk too."""
        source.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def replace(self, path: Path, content: bytes, *, mode: int) -> None:
        """Put `content` under this name: readers see the file before or after, and never a part.

        Raises:
            ConfigurationError: the folder cannot be written in, or the disk is full; what was there stays.

        """
        new = path.with_name(f".{path.name}.new")
        try:
            self.write(new, content, mode=mode)
            self.move(new, path)
        except OSError as error:
            raise ConfigurationError(f"cannot write {path}: {error.strerror}") from None


def make_folder(folder: Path) -> None:
    """Make a folder for its owner alone, unless it is there; ConfigurationError where it cannot be made."""
    try:
        folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot make the folder {folder}: {error.strerror}") from None


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder, waiting for any other holder; ConfigurationError where there is no such folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ConfigurationError(f"cannot open the folder {folder}: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def stamp_of(path: Path) -> Stamp | None:
    """Return the file's stamp, None where there is no such file. Take it before reading, never after.

    Raises:
        ConfigurationError: it cannot be told whether there is one.

    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
    return found.st_mtime_ns, found.st_size, found.st_ino
