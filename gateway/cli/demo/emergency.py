"""The story of an emergency, command by command: declare, ask again, tell the officers, review, count."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.cli.demo.processes import DemoFailed, run_command
from gateway.cli.demo.result import Emergency
from gateway.cli.demo.site import PARTNERS, DemoSite
from gateway.domain import ReviewOutcome

OFFICER = "functionaris-1"
OUTCOME = ReviewOutcome.JUSTIFIED.value
NOTICE_SECONDS = 60
"""How long a notice may take from the index to a partner's officers."""
QUIET_SECONDS = 1
"""How long `adapter notices` looks for more after the last one."""
_BEFORE_REVIEW = ("declared", "used")
"""What the asker's officers hear at once; those of a partner that was shown hear all but the first."""
_COUNTED = ("name", "declarations", "used", "lookups", "unreviewed", "overdue", "unjustified")


async def go_through(site: DemoSite, story: Mapping[str, Any]) -> tuple[Mapping[str, Any], Emergency]:
    """Return the answer under the declaration, and what the declaration set in motion.

    Raises:
        DemoFailed: a command did not do what it should, or a notice did not arrive.

    """
    asker = story["asker"]
    asking = ("--config", site.config(asker), "--purpose", story["purpose"])
    declared = await run_command(
        *("declare", *asking, "--ground", story["ground"], "--json"),
        stdin=f"{story['bsn']}\n{story['explanation']}\n",
    )
    declaration = declared.printed["declaration_id"]
    answer = await run_command(
        *("lookup", *asking, "--declaration", declaration, "--json"), stdin=f"{story['bsn']}\n"
    )
    shown = sorted({line["partner"] for line in answer.printed["involvements"]})
    told = {asker: _BEFORE_REVIEW} | dict.fromkeys(_named(site, shown), _BEFORE_REVIEW[1:])
    await _all_told(site, told)
    waiting = await _waiting(site)
    read = await _officer(site, "show", declaration, "--reviewer", OFFICER)
    await _officer(site, "review", declaration, "--reviewer", OFFICER, "--outcome", OUTCOME)
    notices = await _all_told(site, {name: (*events, OUTCOME) for name, events in told.items()})
    usage = await _officer(site, "usage")
    return answer.printed, Emergency(
        ground=story["ground"],
        notices=notices,
        waiting=(waiting, await _waiting(site)),
        is_read_by_officer=read["explanation"] == story["explanation"],
        outcome=OUTCOME,
        usage=tuple({name: row[name] for name in _COUNTED} for row in usage["partners"]),
    )


async def _officer(site: DemoSite, *arguments: str) -> Any:
    ran = await run_command("break-glass", *arguments, "--config", site.index_config, "--json")
    return ran.printed


async def _waiting(site: DemoSite) -> int:
    return len((await _officer(site, "list"))["declarations"])


async def _all_told(site: DemoSite, expected: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[str, ...]]:
    told = await asyncio.gather(*(_told(site, partner, events) for partner, events in expected.items()))
    return dict(zip(expected, told, strict=True))


async def _told(site: DemoSite, partner: str, expected: Sequence[str]) -> tuple[str, ...]:
    """Return what the partner's officers were told, in the order of `expected`, once all of that has arrived."""
    ends = asyncio.get_running_loop().time() + NOTICE_SECONDS
    while asyncio.get_running_loop().time() < ends:
        ran = await run_command(
            *("adapter", "notices", "--config", site.config(partner), "--wait", str(QUIET_SECONDS), "--json"),
            # 1: there are unread ones, as there should be.
            accepted=(0, 1),
        )
        told = [notice["event"] for notice in ran.printed["notices"]]
        if set(expected) <= set(told):
            if set(told) != set(expected):
                raise DemoFailed(f"the officers of {PARTNERS[partner].name} were told something else")
            return tuple(sorted(told, key=expected.index))
    raise DemoFailed(f"the officers of {PARTNERS[partner].name} were not told in time")


def _named(site: DemoSite, oins: Sequence[str]) -> list[str]:
    return [name for name, oin in site.oins.items() if oin in oins]
