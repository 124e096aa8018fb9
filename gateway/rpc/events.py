"""Log events of the gRPC face: methods, codes and places in the code; nothing that came in."""

import logging

from gateway.telemetry.log import declare

STARTED = declare("rpc.started", logging.INFO, "port", "certificate_expires")
STOPPED = declare("rpc.stopped", logging.INFO)
CALL_FAILED = declare("rpc.call-failed", logging.INFO, "method", "code", "reason")
UNEXPECTED = declare("rpc.unexpected-error", logging.ERROR, "method", "error", "place")
NOT_SERVING = declare("rpc.not-serving", logging.WARNING, "error")
