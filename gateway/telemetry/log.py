"""Log events are declared before they can be written: an id, a level and the fields that may appear.

A field that was not declared stops the call with an error, so that no value reaches a log line because
somebody passed it along. Output is one JSON object a line on standard error (structlog).
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import ClassVar

import structlog

FieldValue = str | int | float | bool | None


class UndeclaredField(ValueError):  # noqa: N818
    """A log call named a field that its event does not declare: a defect in the calling code."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One kind of log line. `id` is unique and stable; operators filter on it."""

    id: str
    level: int
    fields: frozenset[str] = frozenset()

    registry: ClassVar[dict[str, LogEvent]] = {}

    def __post_init__(self) -> None:
        if self.id in LogEvent.registry:
            raise ValueError(f"log event {self.id} is declared twice")
        LogEvent.registry[self.id] = self

    def emit(self, **values: FieldValue) -> None:
        """Write the event; UndeclaredField if a field is not in the declaration."""
        undeclared = values.keys() - self.fields
        if undeclared:
            raise UndeclaredField(f"{self.id} does not declare {', '.join(sorted(undeclared))}")
        if not structlog.is_configured():
            # A program that has not said where logs go: never to standard output, where results go.
            _log_to_stderr(logging.INFO)
        structlog.get_logger("verwijsindex").log(self.level, self.id, **values)


def declare(event_id: str, level: int = logging.INFO, *fields: str) -> LogEvent:
    """Declare an event with the fields it may carry."""
    return LogEvent(event_id, level, frozenset(fields))


def configure(*, level: int = logging.INFO) -> None:
    """Send declared events as JSON lines to standard error, and keep libraries to warnings without payloads."""
    _log_to_stderr(level)
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, force=True)


def _log_to_stderr(level: int) -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Looked up for every line: standard error may be replaced while the process runs.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
