"""What a schema cannot see in a convenant: days, doubled rules, and names that stand nowhere else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any

from gateway.convenant.model import Effect
from gateway.convenant.question import Builtin
from gateway.convenant.terms_reading import DEFAULT_RETENTION
from gateway.convenant.yaml_text import Place

LONGEST_EMERGENCY_MINUTES = 24 * 60
"""An emergency that lasts longer than a day is no emergency: who still needs it declares it again."""
LONGEST_REVIEW_DAYS = 31

Fault = tuple[Place, str]
"""Where something is wrong, and the rule that it breaks."""


def cross_faults(content: dict[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong in content that fits the schema."""
    yield from _day_faults(("convenant",), content["convenant"], "valid_from", "valid_until")
    if DEFAULT_RETENTION in content["kinds"]:
        yield ("kinds", DEFAULT_RETENTION), "is a name that the retention terms use themselves"
    yield from _rule_faults(content)
    yield from _break_glass_faults(content)
    recorders = content.get("consent", {}).get("recorded_by", ())
    yield from _unknown(("consent", "recorded_by"), recorders, content["kinds"], "kinds above")
    for kind in content.get("retention", ()):
        if kind not in content["kinds"] and kind != DEFAULT_RETENTION:
            yield ("retention", kind), "is not one of the kinds above"


def _rule_faults(content: dict[str, Any]) -> Iterator[Fault]:
    seen: set[str] = {builtin.value for builtin in Builtin}
    for index, rule in enumerate(content["rules"]):
        place: Place = ("rules", index)
        if rule["id"] in seen:
            yield (*place, "id"), "stands twice, or is a reason the index uses itself"
        seen.add(rule["id"])
        yield from _name_faults(place, rule, content)
        yield from _unknown(
            (*place, "mandates"), rule.get("mandates", ()), content["mandates"], "mandates above"
        )
        yield from _prohibition_faults(place, rule)
        yield from _day_faults((*place, "basis"), rule["basis"], "from", "until")


def _break_glass_faults(content: dict[str, Any]) -> Iterator[Fault]:
    terms = content.get("break_glass")
    if terms is None:
        return
    place: Place = ("break_glass",)
    yield from _name_faults(place, terms, content)
    yield from _day_faults((*place, "basis"), terms["basis"], "from", "until")
    for name, most in (("minutes", LONGEST_EMERGENCY_MINUTES), ("review_days", LONGEST_REVIEW_DAYS)):
        if int(terms[name]) > most:
            yield (*place, name), f"must be at most {most}"


def _name_faults(place: Place, holder: dict[str, Any], content: dict[str, Any]) -> Iterator[Fault]:
    kinds, purposes = content["kinds"], content["purposes"]
    roles = {role for kind in holder["asking"] if kind in kinds for role in kinds[kind]["roles"]}
    yield from _unknown((*place, "source"), holder["source"], kinds, "kinds above")
    yield from _unknown((*place, "asking"), holder["asking"], kinds, "kinds above")
    yield from _unknown((*place, "purposes"), holder["purposes"], purposes, "purposes above")
    yield from _unknown((*place, "roles"), holder.get("roles", ()), roles, "roles of the asking kinds")


def _unknown(place: Place, codes: Iterable[str], known: Collection[str], where: str) -> Iterator[Fault]:
    for index, code in enumerate(codes):
        if code not in known:
            yield (*place, index), f"is not one of the {where}"


def _prohibition_faults(place: Place, rule: dict[str, Any]) -> Iterator[Fault]:
    if rule.get("effect") != Effect.FORBID:
        return
    if "consent" in rule["basis"]:
        yield (*place, "basis"), "a prohibition needs a law; who objects sends an objection"
    if "without_own_involvement" in rule:
        yield (*place, "without_own_involvement"), "belongs to a permission only"


def _day_faults(place: Place, holder: dict[str, Any], first: str, last: str) -> Iterator[Fault]:
    days: list[date] = []
    for name in (first, last):
        text = holder.get(name)
        if text is None:
            continue
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            yield (*place, name), "is not a day of the calendar"
    if len(days) == 2 and days[1] < days[0]:
        yield (*place, last), "must not be before the first day"
