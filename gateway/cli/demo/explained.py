"""Why the answers of the demo are what they are: `convenant explain`, without what differs between two runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from gateway.audit.officers import officer_named
from gateway.cli.convenant_recorded import retell, retold_as_json
from gateway.cli.demo.emergency import OFFICER
from gateway.cli.demo.processes import DemoFailed, run_command
from gateway.cli.demo.result import DayAfter
from gateway.cli.demo.site import PARTNERS, DemoSite
from gateway.clock import day_of, now
from gateway.convenant.model import Convenant, Rule, StatuteBasis
from gateway.convenant.question import Builtin
from gateway.convenant.reading import read_convenant
from gateway.index.ports import IndexStore

_NAMES = {Builtin.BREAK_GLASS.value: "de noodprocedure"}


async def explanations_of(store: IndexStore, record_ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """Return by record why its question was answered as it was, by the code of the command.

    Raises:
        InvalidInput: a record is not there.
        ConfigurationError: the convenant that decided is not there.

    """
    reader = officer_named(OFFICER)
    retold = {each: retold_as_json(await retell(store, each, at=now(), reader=reader)) for each in record_ids}
    return {record_id: stable(each["explanation"]) for record_id, each in retold.items()}


async def day_after(site: DemoSite, story: Mapping[str, Any]) -> DayAfter:
    """Return the ground with a last day on which partners of the asker's kind see each other, on that day and the next.

    Raises:
        DemoFailed: the convenant has no such ground.

    """
    kind, purpose = PARTNERS[story["asker"]].kind, story["purpose"]
    rule, basis, until = _ending(read_convenant(site.convenant.read_bytes()), kind, purpose)
    last, next_one = [
        await run_command(
            *("convenant", "explain", str(site.convenant), "--source", kind, "--asking", kind),
            *("--purpose", purpose, "--role", story["role"], "--mandate", story["mandate"], "--own"),
            *("--on", day.isoformat(), "--json"),
        )
        for day in (until, until + timedelta(days=1))
    ]
    return DayAfter(
        rule=rule.id,
        ground=str(basis),
        until=until,
        is_over=until < day_of(now()),
        last_day=stable(last.printed),
        explanation=stable(next_one.printed),
    )


def _ending(convenant: Convenant, kind: str, purpose: str) -> tuple[Rule, StatuteBasis, date]:
    for rule in convenant.rules:
        basis = rule.basis
        covers = kind in rule.sources and kind in rule.asking and purpose in rule.purposes
        if covers and isinstance(basis, StatuteBasis) and basis.until is not None:
            return rule, basis, basis.until
    raise DemoFailed(f"the convenant has no ground with a last day for {kind} and {purpose}")


def stable(explanation: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an explanation that is the same for the same facts on every site.

    OINs, opaque references and the hash of the convenant are left out; statements go by a number, and involvements
    stand in an order that does not depend on references.
    """
    return {
        "asker": explanation["asker"],
        "withheld_whole": explanation["withheld_whole"],
        "involvements": sorted(map(_involvement, explanation["involvements"]), key=_place),
    }


def _involvement(each: Mapping[str, Any]) -> Mapping[str, Any]:
    named = _numbers(each["statements"])
    statements = [
        {name: statement[name] for name in ("fits", "decides")} | {"text": _without(statement["text"], named)}
        for statement in each["statements"]
    ]
    return {
        "name": each.get("name"),
        **{name: each[name] for name in ("kind", "shown", "rule", "basis")},
        "conclusion": _without(each["conclusion"], named),
        "rules": [{**rule, "text": _without(rule["text"], named)} for rule in each["rules"]],
        "statements": sorted(statements, key=lambda statement: str(statement["text"])),
        "statements_of_others": each["statements_of_others"],
    }


def _numbers(statements: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """Return for the reference of every statement a number, by what the statements say."""
    unnamed = {statement["reference"]: "" for statement in statements}
    alike = sorted(statements, key=lambda said: (not said["decides"], _without(said["text"], unnamed)))
    return {said["reference"]: f"nr. {number}" for number, said in enumerate(alike, start=1)}


def _without(text: str, named: Mapping[str, str]) -> str:
    for reference, number in named.items():
        text = text.replace(reference, number)
    return text


def _place(involvement: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (
        str(involvement["kind"]),
        str(involvement["name"]),
        involvement["conclusion"],
        str(involvement["statements_of_others"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """One involvement in short: what was concluded, and what was weighed for it, in sentences."""

    name: str
    shown: bool
    conclusion: str
    weighed: tuple[str, ...]


def in_short(explanation: Mapping[str, Any], *, always: str = "") -> Iterator[Short]:
    """Yield every involvement but the asker's own.

    Left out are rules about other purposes or other partners, unless it is the rule `always`, and what was not weighed
    against anything.
    """
    for each in explanation["involvements"]:
        if each["rule"] != Builtin.OWN:
            yield Short(
                name=each["name"] or each["kind"],
                shown=each["shown"],
                conclusion=each["conclusion"],
                weighed=(*_weighed(each["statements"]), *_considered(each, always)),
            )


def _weighed(statements: Sequence[Mapping[str, Any]]) -> list[str]:
    fitting = [said["text"] for said in statements if said["fits"]]
    return fitting if len(fitting) > 1 else []


def _considered(involvement: Mapping[str, Any], always: str) -> Iterator[str]:
    told = [
        _rule(rule)
        for rule in involvement["rules"]
        if rule["counts"] or rule["obstacle"] != Builtin.NO_RULE or rule["rule"] == always
    ]
    # The one rule that shows it stands in the conclusion already.
    if told and not (involvement["shown"] and len(told) == 1):
        yield f"Regels: {'; '.join(told)}."


def _rule(rule: Mapping[str, Any]) -> str:
    name = _NAMES.get(rule["rule"], rule["rule"])
    if rule["counts"]:
        return f"{name} geldt"
    _, _, why = str(rule["text"]).partition(": ")
    return f"{name} niet, want {why.removesuffix('.')}"
