"""The adapter object the kit runs: files by name, frames over MLLP, consents as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator

from adapters.ggz.acknowledgement import AckCode, acknowledge
from adapters.ggz.mapping import map_message
from adapters.ggz.message import AdtMessage
from adapters.ggz.simulation import write_exports
from adapters.ggz.source import read_file, read_message
from adapters.kit.consents import ConsentRow, is_consent_list, map_consent, read_consents
from adapters.kit.manifest import Manifest
from adapters.kit.model import Mapped, MappingContext, SourceRecord, UnreadableRecord, WithoutBsn
from adapters.kit.options import AdapterOptions
from adapters.kit.region import Region


def _known_charset(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        raise ValueError("must be a charset that Python knows, like utf-8 or iso8859-1") from None
    return name


class GgzOptions(AdapterOptions):
    """Options of the GGZ adapter. `charset` holds for messages whose MSH-18 is empty."""

    charset: Annotated[str, AfterValidator(_known_charset)] = "utf-8"


class GgzAdapter:
    """Reads ADT messages and consent lists. Stateless and safe to share."""

    def __init__(self, options: GgzOptions | None = None) -> None:
        self._manifest = Manifest.beside(__file__)
        self._options = options or GgzOptions()

    @property
    def manifest(self) -> Manifest:
        """The manifest beside the code."""
        return self._manifest

    def with_options(self, options: Mapping[str, object]) -> GgzAdapter:
        """Return the adapter for the `[adapter]` table of a partner's settings."""
        return GgzAdapter(GgzOptions.of(options))

    def read(self, export: Path) -> Iterator[SourceRecord[Any] | UnreadableRecord]:
        """Yield the records of a file: consents where it is a consent list, messages otherwise."""
        if is_consent_list(export):
            return read_consents(export)
        return read_file(export, self._options, self._options.charset)

    def map(self, record: SourceRecord[AdtMessage | ConsentRow], context: MappingContext) -> Mapped:
        """Turn one record into drafts."""
        if isinstance(record.content, ConsentRow):
            return map_consent(record.content, context)
        return map_message(
            record.content,
            today=context.today,
            zone=self._options.zone,
            desk=self._options.desk or self._manifest.default_desk,
        )

    def simulate(self, region: Region, folder: Path) -> Sequence[str]:
        """Write the region's treatments and consents as this partner would export them."""
        return write_exports(region, folder)

    def read_frame(self, frame: bytes) -> SourceRecord[AdtMessage] | UnreadableRecord:
        """Return the message in an MLLP frame."""
        return read_message(frame, place="frame", options=self._options, charset=self._options.charset)

    def acknowledge(self, frame: bytes, problem: Exception | None, *, readable: bool) -> bytes:
        """Return the acknowledgement of a frame, once what it caused is durable.

        A person without a BSN is no mistake of the sender: the message is accepted and counted.
        """
        if not readable:
            code = AckCode.REJECTED
        elif problem is None or isinstance(problem, WithoutBsn):
            code = AckCode.ACCEPTED
        else:
            code = AckCode.ERROR
        return acknowledge(frame, code)
