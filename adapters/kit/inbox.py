"""The inbox: a folder in which the partner's system puts its exports; read ones go to `done` beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from adapters.kit.manifest import Manifest
from gateway.errors import StoreUnavailable


@dataclass(slots=True, kw_only=True)
class Inbox:
    """The exports in one folder, oldest first. Hidden files and names the adapter does not read are left."""

    folder: Path
    manifest: Manifest
    _sizes: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def exports(self) -> Sequence[Path]:
        """Return the exports that are there now.

        Raises:
            StoreUnavailable: the folder is not there or cannot be listed.

        """
        return [path for path, _ in self._list()]

    def settled_exports(self) -> Sequence[Path]:
        """Return the exports that did not change since the last call: one that is still written waits."""
        found = dict(self._list())
        settled = [path for path, mark in found.items() if self._sizes.get(path) == mark]
        self._sizes = found
        return settled

    def put_away(self, export: Path, *, quarantined: bool, at: datetime) -> None:
        """Take an export out of the inbox: to `done`, or away where quarantine holds its copy already."""
        if quarantined:
            export.unlink(missing_ok=True)
            return
        done = self.folder.parent / "done"
        done.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = done / export.name
        if target.exists():
            target = done / f"{at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{export.name}"
        export.replace(target)

    def _list(self) -> list[tuple[Path, tuple[int, int]]]:
        try:
            found = [
                (path, path.stat())
                for path in self.folder.iterdir()
                if path.is_file() and not path.name.startswith(".") and self.manifest.reads(path.name)
            ]
        except OSError as error:
            raise StoreUnavailable(f"the inbox cannot be read: {error.strerror}") from None
        found.sort(key=lambda item: (item[1].st_mtime_ns, item[0].name))
        return [(path, (status.st_mtime_ns, status.st_size)) for path, status in found]
