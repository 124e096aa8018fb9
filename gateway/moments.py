"""`google.protobuf.Timestamp` and the times of the domain, which know their zone."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.errors import InvalidInput


def read_moment(stamp: Timestamp, *, path: str) -> datetime:
    """Return the time in UTC, cut to microseconds; InvalidInput outside the years 1 to 9999."""
    try:
        return stamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidInput.at(path, "must be a time from the year 1 to the year 9999") from None


def write_moment(moment: datetime) -> Timestamp:
    """Return the time for the wire."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
