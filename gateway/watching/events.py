"""Log events of the watch: organisations and numbers."""

import logging

from gateway.telemetry.log import declare

STARTED = declare("watching.started", logging.INFO, "every_seconds", "factor", "floor")
OFF = declare("watching.off", logging.WARNING, "setting")
POSTPONED = declare("watching.postponed", logging.WARNING, "error", "every_seconds")
UNEXPLAINED = declare(
    "watching.evaluations-unexplained", logging.WARNING, "organisation", "evaluations", "explained"
)
