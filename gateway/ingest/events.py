"""Log events of the ingest room."""

import logging

from gateway.telemetry.log import declare

STARTED = declare("ingest.started", logging.INFO, "group", "topics")
BATCH_TAKEN_IN = declare(
    "ingest.batch", logging.INFO, "applied", "superseded", "duplicate", "rejected", "position"
)
MESSAGE_REJECTED = declare("ingest.rejected", logging.WARNING, "place", "reason", "rules")
ANSWER_NOT_TAKEN = declare("ingest.answer-not-taken", logging.ERROR, "topic", "rules")
WAITING = declare("ingest.waiting", logging.WARNING, "for_", "error", "pause_seconds")
EPOCH_FORGOTTEN = declare("ingest.epoch-forgotten", logging.INFO, "epoch", "rows")
EPOCHS_NOT_READ = declare("ingest.epochs-not-read", logging.ERROR, "error")
CONVENANT_NOT_READ = declare("ingest.convenant-not-read", logging.ERROR, "error")
STOPPED = declare("ingest.stopped", logging.INFO)
