"""Quarantine: an export that cannot be read is kept whole, with the reason beside it."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from io import BufferedWriter
from pathlib import Path

import orjson

from gateway.errors import InvalidInput, StoreUnavailable

OWNER_ONLY = 0o600


def quarantine(export: Path, folder: Path, error: InvalidInput, *, at: datetime) -> Path:
    """Copy the export into the quarantine folder, write `<name>.reason.json` beside it; return the copy.

    The reason names fields and rules and holds no value. Both files are for the owner only. The export itself
    stays where it is.

    Raises:
        StoreUnavailable: the folder cannot be written; the export is untouched.

    """
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    copy = folder / f"{stamp}-{export.name}"
    reason = {
        "at": at.isoformat(),
        "violations": [{"field": v.path, "rule": v.rule} for v in error.violations],
    }
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with export.open("rb") as source, _private(copy) as target:
            shutil.copyfileobj(source, target)
        with _private(copy.with_name(copy.name + ".reason.json")) as target:
            target.write(orjson.dumps(reason, option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as failure:
        raise StoreUnavailable(f"the quarantine folder cannot be written: {failure.strerror}") from None
    return copy


def _private(path: Path) -> BufferedWriter:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb")
