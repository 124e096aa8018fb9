"""How a person in the Netherlands reads a day: one form in every table, sentence and page. Programs get ISO 8601."""

from __future__ import annotations

from datetime import date


def dutch_day(day: date) -> str:
    """Return the day as dd-mm-yyyy."""
    return f"{day:%d-%m-}{day.year:04}"
