"""Which epochs are current, as the partner's client tells them without asking anybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.errors import ConfigurationError
from gateway.pseudonyms.client import open_pseudonymiser
from tests.support.scripted_pseudonyms import PseudonymSite


async def test_the_current_epochs_are_those_of_the_pinned_file_as_it_is_now(tmp_path: Path) -> None:
    async with (
        PseudonymSite(tmp_path).serving() as site,
        open_pseudonymiser(site.settings(), site.tls) as pseudonymiser,
    ):
        assert pseudonymiser.current_epochs() == {1}
        site.pin(1, 2)
        assert pseudonymiser.current_epochs() == {1, 2}
        site.pin(1, 2, until=datetime.now(UTC) - timedelta(days=1))
        assert pseudonymiser.current_epochs() == {2}
        site.pin(1, until=datetime.now(UTC) - timedelta(days=1))
        with pytest.raises(ConfigurationError, match="has 0"):
            pseudonymiser.current_epochs()
