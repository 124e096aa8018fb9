"""Log events of the pseudonym room: epochs and reasons, never anything of a person."""

import logging

from gateway.telemetry.log import declare

EPOCH_LEFT_OUT = declare("pseudonyms.epoch-left-out", logging.WARNING, "epoch", "reason")
