"""Log events of the adapters: counts and stable codes; no file name, no reference and no value of a record."""

import logging

from gateway.telemetry.log import declare

EXPORT_READ = declare(
    "adapter.export_read",
    logging.INFO,
    "kind",
    "read",
    "sent",
    "unchanged",
    "without_bsn",
    "rejected",
    "left_out",
    "messages",
)
EXPORT_QUARANTINED = declare("adapter.export_quarantined", logging.WARNING, "kind", "rules")
MESSAGES_SENT = declare("adapter.messages_sent", logging.INFO, "kind", "messages")
MESSAGE_REFUSED = declare("adapter.message_refused", logging.WARNING, "kind", "message_id", "reason", "rules")
MESSAGE_NOT_TAKEN = declare("adapter.message_not_taken", logging.ERROR, "message_id", "rules")
RECEIPT_UNREADABLE = declare("adapter.receipt_unreadable", logging.WARNING, "kind", "place", "rules")
NOTICE_KEPT = declare("adapter.notice", logging.WARNING, "kind", "notice", "declaration")
NOTICE_UNREADABLE = declare("adapter.notice_unreadable", logging.WARNING, "kind", "place", "rules")
WAITING_FOR = declare("adapter.waiting", logging.WARNING, "kind", "error", "pause_seconds")
STARTED = declare("adapter.started", logging.INFO, "kind")
STOPPED = declare("adapter.stopped", logging.INFO, "kind", "awaiting")
