"""Log events of the lookup: which organisation, and its terms; nothing of a question or a person."""

import logging

from gateway.telemetry.log import declare

MISSES_EXHAUSTED = declare("lookup.misses-exhausted", logging.WARNING, "organisation", "per_hour", "burst")
