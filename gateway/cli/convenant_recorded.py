"""A question of the access log, retold: what was recorded, and the explanation with the facts of now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.agreement.model import ConvenantVersion
from gateway.agreement.standing import standing
from gateway.audit.model import AuditedVerdict, AuditEvent, AuditOutcome, AuditRecord
from gateway.audit.reading import find_on_record
from gateway.cli.explanation_text import Names, explanation_as_json, named, print_explanation
from gateway.cli.output import print_line
from gateway.clock import day_of, dutch_time
from gateway.convenant.explaining import ExplainedInvolvement, Explanation, explain
from gateway.convenant.model import Convenant
from gateway.convenant.question import Question
from gateway.domain import ConsentFact, HouseholdFacts, Oin, PartnerKind, Professional
from gateway.errors import ConfigurationError, InvalidInput
from gateway.index.ports import IndexStore, Transaction

_NOTICE = "De uitleg gebruikt het convenant van toen, op de dag van de vraag, met de feiten zoals de index ze nu kent."


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """A recorded question. Without an explanation nothing was decided: it was refused."""

    record: AuditRecord
    names: Names
    convenant: Convenant | None = None
    explanation: Explanation | None = None
    differences: tuple[str, ...] = ()


async def retell(store: IndexStore, record_id: str, *, at: datetime, reader: Professional) -> Retold:
    """Return a recorded question with its explanation; puts on record that `reader` read the log.

    Raises:
        InvalidInput: at `record`, there is no such record, or it is of no question.
        ConfigurationError: the convenant that decided is not in the store.

    """
    async with store.transaction() as tx:
        found = await find_on_record(tx.audit, record_id, at=at, reader=reader)
        record = None if found is None else found.record
        is_question = record is not None and record.event is AuditEvent.LOOKUP
        retold = await _retell(tx, record) if record is not None and is_question else None
    # After the commit: that somebody looked is on record whatever was found.
    if record is None:
        raise InvalidInput.at(
            "record", "the access log has no record with this id; see `verwijsindex audit list`"
        )
    if not is_question:
        raise InvalidInput.at("record", "this record of the access log is of no question")
    if retold is None:
        raise ConfigurationError("the convenant that decided the question is not in the store")
    return retold


async def _retell(tx: Transaction, record: AuditRecord) -> Retold | None:
    partners = {partner.oin: partner for partner in await tx.partners.all()}
    names = {oin: partner.name for oin, partner in partners.items()}
    if record.outcome is AuditOutcome.REFUSED or record.subject is None:
        return Retold(record=record, names=names)
    version, parties = await _version_of(tx, record)
    question = _question(record)
    if version is None or question is None:
        return None
    day = day_of(record.at)
    household = (await tx.facts.households([record.subject], on=day))[record.subject]
    kinds = {oin: each.kind for oin, each in partners.items() if each.active and oin in parties}
    facts = HouseholdFacts(
        subject=household.subject,
        members=household.members,
        involvements=household.involvements,
        consents=tuple(await _all_said(tx, household, partners)),
        kinds=kinds,
        pairs=household.pairs,
    )
    explanation = explain(version.convenant, question, facts, on=day)
    return Retold(
        record=record,
        names=names,
        convenant=version.convenant,
        explanation=explanation,
        differences=tuple(differences(record.verdicts, explanation.involvements, names)),
    )


async def _all_said(
    tx: Transaction, household: HouseholdFacts, partners: Iterable[Oin]
) -> Sequence[ConsentFact]:
    """Return the statements, with those that do not count: that one lapsed or was withdrawn explains an answer too."""
    said = {(each.partner, each.reference): each for each in household.consents}
    for subject in dict.fromkeys(each.subject for each in household.involvements):
        for partner in partners:
            for each in await tx.facts.own_consents(partner, subject):
                said.setdefault((each.partner, each.reference), each)
    return [said[key] for key in sorted(said)]


async def _version_of(tx: Transaction, record: AuditRecord) -> tuple[ConvenantVersion | None, frozenset[Oin]]:
    """Return the version that decided, by its content hash, and who was bound by it at that moment."""
    versions, acts = await tx.agreements.versions(), await tx.agreements.acts()
    content_hash = record.convenant.rpartition(":")[2]
    for each in standing(versions, acts, record.at).versions:
        if each.version.convenant.content_hash == content_hash:
            return each.version, each.parties
    return None, frozenset()


def _question(record: AuditRecord) -> Question | None:
    asker, kind, professional, subject = record.organisation, record.kind, record.professional, record.subject
    if asker is None or kind is None or professional is None or subject is None:
        return None
    return Question(
        asker=asker,
        asker_kind=PartnerKind(kind),
        role=professional.role,
        mandate=professional.mandate,
        purpose=record.purpose,
        subject=subject,
        break_glass=bool(record.emergency),
    )


def differences(
    then: Sequence[AuditedVerdict], now: Sequence[ExplainedInvolvement], names: Names
) -> Iterator[str]:
    """Yield where the facts of now lead elsewhere than what was recorded, in sentences."""
    recorded = {(each.partner, each.reference): each for each in then}
    standing_now = {(each.involvement.partner, str(each.involvement.reference)): each for each in now}
    for (partner, reference), each in recorded.items():
        who = f"{named(partner, names)}, kenmerk {reference}"
        found = standing_now.get((partner, reference))
        if found is None:
            yield f"{who}: toen {_outcome(each.shown, each.rule)}; nu kent de index deze betrokkenheid hier niet."
        elif (each.shown, each.rule) != (found.shown, found.rule):
            yield f"{who}: toen {_outcome(each.shown, each.rule)}; nu {_outcome(found.shown, found.rule)}."
        elif each.consent != _consent(found):
            yield f"{who}: met dezelfde uitkomst, maar een andere toestemming of een ander bezwaar beslist."
    for (partner, reference), now_found in standing_now.items():
        if (partner, reference) not in recorded:
            yield (
                f"{named(partner, names)}, kenmerk {reference}: toen niet bekend; "
                f"nu {_outcome(now_found.shown, now_found.rule)}."
            )


def _consent(each: ExplainedInvolvement) -> str:
    said = each.consent
    return "" if said is None else f"{said.partner}/{said.reference}/{said.version}"


def _outcome(shown: bool, rule: str) -> str:  # noqa: FBT001 - a verdict
    return f"{'getoond' if shown else 'niet getoond'} ({rule})"


def print_retold(retold: Retold, *, show_all: bool) -> None:
    """Print what was recorded, where now differs from then, and the explanation."""
    for text in _recorded(retold):
        print_line(text)
    if retold.explanation is None or retold.convenant is None:
        return
    for text in (
        "\nNu",
        _NOTICE,
        *(retold.differences or ("De feiten van nu geven dezelfde uitkomst als toen.",)),
        "",
    ):
        print_line(text)
    print_explanation(
        retold.explanation,
        retold.convenant,
        show_all=show_all,
        names=retold.names,
        subject=retold.record.subject,
    )


def _recorded(retold: Retold) -> Iterator[str]:
    record = retold.record
    yield f"Vastgelegd als {record.record_id}, op {dutch_time(record.at, seconds=True)}"
    asker = record.organisation
    yield f"  gevraagd door: {named(asker, retold.names) if asker else 'onbekend'}"
    yield f"  afloop: {record.outcome.value}" + (f" ({record.reason})" if record.reason else "")
    yield f"  convenant: {record.convenant or 'geen'}"
    if retold.explanation is None:
        yield "De vraag is geweigerd om wat wie vroeg van zichzelf weet; er is niets beslist."
    for each in record.verdicts:
        who = f"{named(each.partner, retold.names)}, kenmerk {each.reference}"
        yield f"  {who}: {_outcome(each.shown, each.rule)}{f', {each.basis}' if each.basis else ''}"


def retold_as_json(retold: Retold) -> Mapping[str, Any]:
    """Return a retold question as the JSON of `convenant explain --record`."""
    record, explanation = retold.record, retold.explanation
    return {
        "record_id": record.record_id,
        "at": record.at.isoformat(),
        "organisation": record.organisation,
        "outcome": record.outcome.value,
        "reason": record.reason,
        "convenant": record.convenant,
        "recorded": [
            {
                "partner": each.partner,
                "name": retold.names.get(each.partner),
                "reference": each.reference,
                "shown": each.shown,
                "rule": each.rule,
                "basis": each.basis,
            }
            for each in record.verdicts
        ],
        "differences": list(retold.differences),
        "explanation": None if explanation is None else explanation_as_json(explanation, retold.names),
    }
