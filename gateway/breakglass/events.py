"""Log events of break-glass: which organisation and which declaration; nothing of a person, and never the text."""

import logging

from gateway.telemetry.log import declare

DECLARED = declare("break-glass.declared", logging.INFO, "organisation", "declaration")
OVERDUE = declare("break-glass.review-overdue", logging.WARNING, "organisation", "declaration", "due")
POSTPONED = declare("break-glass.escalation-postponed", logging.WARNING, "error")
