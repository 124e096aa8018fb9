"""Log events of the pseudonym service: partners, epochs and numbers; nothing that was blinded or evaluated."""

import logging

from gateway.telemetry.log import declare

QUOTA_EXHAUSTED = declare(
    "evaluation.quota-exhausted", logging.WARNING, "organisation", "purpose", "per_hour", "burst"
)
KEYS_LOADED = declare("evaluation.keys-loaded", logging.INFO, "epochs")
KEYS_REFUSED = declare("evaluation.keys-refused", logging.ERROR, "error")
