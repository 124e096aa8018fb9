"""The adapter object: the source and the mapping behind the kit's port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adapters.kit.manifest import Manifest
from adapters.kit.model import Mapped, MappingContext, SourceRecord, UnreadableRecord
from adapters.kit.region import Region
from adapters.politie.mapping import map_person
from adapters.politie.options import PolitieOptions
from adapters.politie.simulation import write_exports
from adapters.politie.source import PersonRecord, read_export


@dataclass(frozen=True, slots=True)
class Politie:
    """Reads registrations of the police."""

    manifest: Manifest = field(default_factory=lambda: Manifest.beside(__file__))

    def with_options(self, options: Mapping[str, object]) -> Politie:
        """Return the adapter for these options; ConfigurationError names one that is wrong."""
        PolitieOptions.of(options)
        return self

    def read(self, export: Path) -> Iterator[SourceRecord[PersonRecord] | UnreadableRecord]:
        """Yield the persons of an export; InvalidInput when it cannot be read as a whole."""
        return read_export(export)

    def simulate(self, region: Region, folder: Path) -> Sequence[str]:
        """Write the region's reports as this partner would export them."""
        return write_exports(region, folder)

    def map(self, record: SourceRecord[PersonRecord], context: MappingContext) -> Mapped:
        """Return the draft of a person; WithoutBsn or InvalidInput as `map_person`."""
        options = PolitieOptions.of(context.options)
        return map_person(record.content, manifest=self.manifest, options=options, today=context.today)
