"""An adapter's manifest: what it reads, on which legal basis, and which fields it drops; `manifest.toml`."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gateway.errors import ConfigurationError, InvalidInput

MANIFEST_FILE = "manifest.toml"

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", max_length=64)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class ExportStyle(StrEnum):
    """What several records about one involvement in one export mean."""

    STATE = "state"
    """Each describes the same situation: they are combined into one involvement (CSV and XML exports)."""
    EVENTS = "events"
    """Each is a change, in the order of the export: the last one stands (HL7 v2 messages)."""


class LegalBasis(BaseModel):
    """The law a partner names for disclosing its involvement; unverified until a jurist signs it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    articles: tuple[Text, ...] = Field(min_length=1)
    verified: bool = False


class Manifest(BaseModel):
    """What an adapter says of itself. Closed: an unknown name is refused.

    `content_fields` are the fields of the source that are read and dropped; the tests plant a text in each and
    look for it past the mapping. `codes` holds the value sets of coded fields, so that a partner's real list
    replaces them without a change of code. `also_kinds` are the kinds of partners that keep the same records and
    take the same adapter.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Code
    also_kinds: tuple[Code, ...] = ()
    name: Text
    format: Text
    version: Text
    export: ExportStyle
    legal_basis: LegalBasis
    content_fields: tuple[Text, ...] = Field(min_length=1)
    file_patterns: tuple[Text, ...] = Field(min_length=1)
    default_desk: Code
    codes: dict[str, tuple[Text, ...]] = Field(default_factory=dict)

    @classmethod
    def beside(cls, module_file: str) -> Manifest:
        """Read the manifest in the folder of a module: `Manifest.beside(__file__)`.

        Raises:
            ConfigurationError: the file is missing, no TOML, or breaks the model; names the field.

        """
        path = Path(module_file).parent / MANIFEST_FILE
        try:
            return cls(**tomllib.loads(path.read_text("utf-8")))
        except OSError as error:
            raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} is not valid TOML: {error}") from None
        except ValidationError as error:
            rules = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise ConfigurationError(f"{path} is refused: {rules}") from None

    def reads(self, file_name: str) -> bool:
        """Tell whether a file of this name is an export of this adapter (letter case does not matter)."""
        return any(fnmatch(file_name.casefold(), pattern.casefold()) for pattern in self.file_patterns)

    def code(self, text: str, *, field: str) -> str:
        """Return a coded value as the manifest spells it: letter case and outer or repeated spaces are free.

        Raises:
            InvalidInput: at `field`, when the value is not in the manifest's `codes` for that field.

        """
        wanted = " ".join(text.split()).casefold()
        for value in self.codes[field]:
            if value.casefold() == wanted:
                return value
        raise InvalidInput.at(field, "must be one of the codes in the manifest")
