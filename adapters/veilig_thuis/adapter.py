"""The adapter object: the source and the mapping behind the kit's port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from adapters.kit.consents import ConsentRow, is_consent_list, map_consent, read_consents
from adapters.kit.manifest import Manifest
from adapters.kit.model import Mapped, MappingContext, SourceRecord, UnreadableRecord
from adapters.kit.region import Region
from adapters.veilig_thuis.mapping import map_row
from adapters.veilig_thuis.options import VeiligThuisOptions
from adapters.veilig_thuis.simulation import write_exports
from adapters.veilig_thuis.source import Row, read_export


@dataclass(frozen=True, slots=True)
class VeiligThuis:
    """Reads casus exports of a Veilig Thuis."""

    manifest: Manifest = field(default_factory=lambda: Manifest.beside(__file__))
    charset: str = "utf-8"

    def with_options(self, options: Mapping[str, object]) -> VeiligThuis:
        """Return the adapter for these options; ConfigurationError names one that is wrong."""
        return replace(self, charset=VeiligThuisOptions.of(options).charset)

    def read(self, export: Path) -> Iterator[SourceRecord[Any] | UnreadableRecord]:
        """Yield the rows of an export or a consent list; InvalidInput when it cannot be read as a whole."""
        if is_consent_list(export):
            return read_consents(export)
        return read_export(export, charset=self.charset)

    def simulate(self, region: Region, folder: Path) -> Sequence[str]:
        """Write the region's cases as this partner would export them."""
        return write_exports(region, folder)

    def map(self, record: SourceRecord[Row | ConsentRow], context: MappingContext) -> Mapped:
        """Return the drafts of a row; WithoutBsn or InvalidInput as `map_row`."""
        if isinstance(record.content, ConsentRow):
            return map_consent(record.content, context)
        options = VeiligThuisOptions.of(context.options)
        return map_row(record.content, manifest=self.manifest, options=options, today=context.today)
