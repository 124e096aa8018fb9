"""A question under a declaration: which ones it holds for, and who is told of what it showed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.breakglass.using import check_use, use_of
from gateway.convenant.question import Builtin
from gateway.domain import Review, ReviewOutcome
from gateway.errors import NotPermitted
from gateway.messages.notices import NoticeEvent, read_notice
from tests.breakglass.support import (
    NOW,
    OIN_GGZ,
    OIN_POLITIE,
    OIN_VT,
    OTHER,
    declaration,
    lookup_record,
    verdict,
)
from tests.lookup import support
from tests.support.convenants import PURPOSES
from tests.support.sealed import person

MADE = declaration()
JUSTIFIED = Review(outcome=ReviewOutcome.JUSTIFIED, reviewer="fg-1", at=NOW)
UNJUSTIFIED = Review(outcome=ReviewOutcome.UNJUSTIFIED, reviewer="fg-1", at=NOW)


def question(**changes: Any) -> Any:
    return support.request(declaration=MADE.id, **changes)


def test_the_professional_who_declared_asks_about_the_same_person_for_the_same_purpose() -> None:
    assert check_use(MADE, question(), NOW) is MADE


def test_a_person_who_is_known_under_another_epoch_too_is_the_same_person() -> None:
    assert check_use(MADE, question(subject=person("anna", 1, 2)), NOW) is MADE


@pytest.mark.parametrize(
    "changes",
    [
        {"caller": OIN_GGZ},
        {"professional": OTHER},
        {"purpose": PURPOSES[1]},
        {"who": "bas"},
    ],
    ids=["another partner", "another professional", "another purpose", "another person"],
)
def test_a_declaration_holds_for_no_other_question(changes: dict[str, Any]) -> None:
    with pytest.raises(NotPermitted) as caught:
        check_use(MADE, question(**changes), NOW)
    assert caught.value.reason == "BREAK_GLASS_REFUSED"


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (NOW - timedelta(milliseconds=40), True),
        (NOW, True),
        (MADE.expires_at - timedelta(microseconds=1), True),
        (MADE.expires_at, False),
    ],
    ids=["by a clock behind", "when made", "last moment", "over"],
)
def test_a_declaration_holds_from_when_it_is_there_until_it_ends(at: datetime, *, holds: bool) -> None:
    """Its asker may come to another process than the one that took it, whose clock is a little behind."""
    if holds:
        assert check_use(MADE, question(), at) is MADE
        return
    with pytest.raises(NotPermitted):
        check_use(MADE, question(), at)


def test_one_that_was_judged_justified_holds_on_and_an_unjustified_one_ends_at_once() -> None:
    justified = declaration(review=JUSTIFIED)
    assert check_use(justified, question(), NOW) is justified
    with pytest.raises(NotPermitted):
        check_use(declaration(review=UNJUSTIFIED), question(), NOW)


def test_a_declaration_that_is_not_there_is_refused_in_the_same_words_as_somebody_elses() -> None:
    texts = set()
    for found in (None, declaration(partner=OIN_GGZ)):
        with pytest.raises(NotPermitted) as caught:
            check_use(found, question(), NOW)
        texts.add((caught.value.reason, str(caught.value)))
    assert len(texts) == 1


def test_the_asker_and_every_partner_shown_are_told_each_with_its_own_references() -> None:
    record = lookup_record()
    verdicts = [verdict(OIN_POLITIE, "bas"), verdict(OIN_GGZ), verdict(OIN_POLITIE), verdict(OIN_POLITIE)]
    used = use_of(MADE, verdicts, record)
    notices = [read_notice(each) for each in used.notices]
    assert [(notice.recipient, notice.references) for notice in notices] == [
        (OIN_VT, ()),
        (OIN_GGZ, ("ref-0200-anna",)),
        (OIN_POLITIE, ("ref-0300-anna", "ref-0300-bas")),
    ]
    assert {(notice.event, notice.asker, notice.occasion) for notice in notices} == {
        (NoticeEvent.USED, OIN_VT, record.record_id)
    }
    assert (used.use.record_id, used.use.shown) == (
        record.record_id,
        frozenset({OIN_GGZ, OIN_POLITIE}),
    )


def test_what_was_shown_or_withheld_without_the_emergency_is_nobodys_notice() -> None:
    verdicts = [
        verdict(OIN_GGZ, rule="R-1"),
        verdict(OIN_POLITIE, shown=False, rule=Builtin.SHIELDED.value),
        verdict(OIN_VT, shown=False, rule=Builtin.OWN.value),
    ]
    used = use_of(MADE, verdicts, lookup_record())
    assert [read_notice(each).recipient for each in used.notices] == [OIN_VT]
    assert used.use.shown == frozenset()
    assert used.use.declaration == MADE.id
