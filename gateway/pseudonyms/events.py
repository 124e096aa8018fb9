"""Log events of the pseudonym room."""

import logging

from gateway.telemetry.log import declare

UNSAFE_SHARED_KEY = declare("pseudonyms.unsafe_shared_key", logging.WARNING, "warning")
