"""The port of an adapter: what a package must offer under the entry-point group `verwijsindex.adapters`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from adapters.kit.manifest import Manifest
from adapters.kit.model import Mapped, MappingContext, SourceRecord, UnreadableRecord


class Adapter(Protocol):
    """One partner kind's way from its own records to facts.

    An entry point of the group names an object of this shape. Objects are stateless and safe to share.
    """

    @property
    def manifest(self) -> Manifest:
        """The adapter's manifest (`manifest.toml` beside the code)."""

    def read(self, export: Path) -> Iterator[SourceRecord[Any] | UnreadableRecord]:
        """Yield the records of one export file, lazily and in its order.

        Raises:
            InvalidInput: the file as a whole is not what it should be (charset, header, not XML): it goes to
                quarantine whole and nothing of it was yielded.

        """

    def map(self, record: SourceRecord[Any], context: MappingContext) -> Mapped:
        """Turn one record into drafts; pure. All case content is dropped here.

        Raises:
            WithoutBsn: the person has no BSN.
            InvalidInput: a field breaks a rule; names the field and the rule, never the value.

        """


@runtime_checkable
class Configurable(Protocol):
    """An adapter whose options are checked, or change how a file is read (its charset), before a run."""

    def with_options(self, options: Mapping[str, object]) -> Adapter:
        """Return the adapter for the `[adapter]` table of a partner's settings.

        Raises:
            ConfigurationError: an option is unknown or wrong; names the option.

        """


@runtime_checkable
class Framed(Protocol):
    """An adapter whose source also sends records one by one in MLLP frames, each to be acknowledged."""

    def read_frame(self, frame: bytes) -> SourceRecord[Any] | UnreadableRecord:
        """Return the record in a frame; never raises for what is in it."""

    def acknowledge(self, frame: bytes, problem: Exception | None, *, readable: bool) -> bytes:
        """Return the acknowledgement, once what the frame caused is durable; `problem` is what was wrong."""
