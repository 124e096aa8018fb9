"""Which pseudonymiser the partner's settings mean."""

from __future__ import annotations

from gateway.errors import ConfigurationError
from gateway.keyfiles import load_secret
from gateway.pseudonyms.ports import Pseudonymiser
from gateway.pseudonyms.unsafe_shared_key import UnsafeSharedKeyPseudonymiser
from gateway.settings import PseudonymSettings


def open_pseudonymiser(settings: PseudonymSettings) -> Pseudonymiser:
    """Return the pseudonymiser of the settings; ConfigurationError where none is set."""
    if settings.unsafe_shared_key is None:
        raise ConfigurationError("pseudonyms: no pseudonymiser is set; a trial site sets unsafe_shared_key")
    return UnsafeSharedKeyPseudonymiser(load_secret(settings.unsafe_shared_key))
