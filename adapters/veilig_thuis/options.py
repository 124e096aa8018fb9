"""What a Veilig Thuis may set under `[adapter]`."""

from __future__ import annotations

import codecs
from typing import Annotated

from pydantic import AfterValidator, Field

from adapters.kit.options import AdapterOptions
from gateway.domain import parse_code
from gateway.errors import InvalidInput


def _charset(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise ValueError("must be a charset like utf-8, windows-1252 or iso8859-15") from None


def _code(text: str) -> str:
    try:
        return parse_code(text, path="desk")
    except InvalidInput as error:
        raise ValueError(error.violations[0].rule) from None


DeskCode = Annotated[str, AfterValidator(_code)]


class VeiligThuisOptions(AdapterOptions):
    """The options of this adapter, beside those of the kit."""

    charset: Annotated[str, AfterValidator(_charset)] = "utf-8"
    """Charset of CSV exports; an XML export names its own."""
    desk: DeskCode | None = None
    shielded_desks: dict[str, DeskCode] = Field(default_factory=dict)
    """A shelter's desk, as the source names it, and the neutral desk that is sent in its place."""

    @property
    def neutral_desks(self) -> dict[str, str]:
        """The table of `shielded_desks`, for names in any letter case."""
        return {name.strip().casefold(): desk for name, desk in self.shielded_desks.items()}
