"""Log events of the agent: places, codes and classes; nothing of a question or an answer."""

import logging

from gateway.telemetry.log import declare

STARTED = declare("agent.started", logging.INFO, "address")
STOPPED = declare("agent.stopped", logging.INFO)
CANNOT_ASK = declare("agent.cannot-ask", logging.ERROR, "error", "rule")
INDEX_AWAY = declare("agent.index-away", logging.WARNING, "code")
