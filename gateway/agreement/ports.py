"""What the rooms above may ask of the store about the agreement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.agreement.model import Act, ConvenantVersion


class Agreements(Protocol):
    """Versions and acts inside one transaction: both are only ever added."""

    async def hold(self) -> None:
        """Let nobody else add anything before this transaction ends: what is read from now on stays the last word."""

    async def revision(self) -> int:
        """Return a number that grows with every version and every act: what was read under one number still holds."""

    async def versions(self) -> Sequence[ConvenantVersion]:
        """Return every version, in the order in which they were laid down.

        Raises:
            ConfigurationError: one cannot be read by this code. None is left out: an older one would take its place.

        """

    async def acts(self) -> Sequence[Act]:
        """Return every act, in the order in which they were accepted."""

    async def lay_down(self, version: ConvenantVersion) -> bool:
        """Add a version; return False and change nothing where one with its content hash is there already."""

    async def add(self, act: Act) -> None:
        """Add an act."""
