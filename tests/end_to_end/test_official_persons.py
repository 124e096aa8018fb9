"""The official Dutch test persons go the whole way: households from family ties, never from an address."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import open_door, open_site
from gateway.domain import Bsn, HouseholdFacts
from gateway.errors import InvalidInput
from gateway.pseudonyms.client import open_pseudonymiser
from gateway.pseudonyms.ports import EvaluationPurpose
from tests.end_to_end.test_commands import HEADER, take_in
from tests.support.trial import Trial

OPENED = "2026-02-03"
DECEASED = "O"


@dataclass(frozen=True)
class Casus:
    number: str
    members: tuple[str, ...]
    secret: frozenset[str]
    ended: frozenset[str]


def casus_of(persons: dict[str, dict[str, Any]]) -> Iterator[Casus]:
    """One casus a person who has a partner or a child in the set; both come from the register, not from a house."""
    for bsn, record in persons.items():
        relatives = [*record.get("partners", []), *record.get("children", [])]
        members = tuple(dict.fromkeys(other for other in (bsn, *relatives) if other in persons))
        if len(members) > 1:
            yield Casus(
                number=f"CAS-{bsn[::-1]}",
                members=members,
                secret=frozenset(m for m in members if persons[m].get("secrecy_indication", "0") != "0"),
                ended=frozenset(m for m in members if persons[m].get("suspension") == DECEASED),
            )


def csv_of(cases: list[Casus], persons: dict[str, dict[str, Any]]) -> str:
    columns = [*HEADER.split(";"), "indicatie_geheim"]
    lines = [";".join(columns)]
    for case in cases:
        for member in case.members:
            person = persons[member]
            row = dict.fromkeys(columns, "") | {
                "casusnr": case.number,
                "datum_melding": OPENED,
                "meldertype": "Justitie en veiligheid",
                "meldingtype": "eerste melding",
                "bsn": member,
                "rol": "gezinslid",
                "dienst": "Onderzoek",
                "dienst_start": OPENED,
                # The death of a person ends the involvement with that person, not the casus.
                "dienst_eind": OPENED if member in case.ended else "",
                "contact_desk": "frontoffice",
                "toelichting": f"{person['surname']} {person.get('address', {}).get('postcode', '')}",
                "indicatie_geheim": person.get("secrecy_indication", "0"),
            }
            lines.append(";".join(row[name] for name in columns))
    return "\n".join(lines) + "\n"


def adt_of(treated: list[str], persons: dict[str, dict[str, Any]]) -> str:
    messages = []
    for number, bsn in enumerate(treated):
        person = persons[bsn]
        messages.append(
            "\r".join(
                [
                    f"MSH|^~\\&|EPD|GGZ|VWI|R|20260301||ADT^A01|{number}|P|2.5||||||UNICODE UTF-8",
                    "EVN|A01|20260301",
                    f"PID|1||{bsn}^^^NLMINBIZA^NNNLD~L{number}^^^LOCAL^PI||{person['surname']}^",
                    "PV1|1|O" + "|" * 17 + f"V{number}" + "|" * 25 + "20260301",
                ]
            )
        )
    return "\r".join(messages) + "\r"


def xml_of(reported: list[str]) -> str:
    entries = "".join(
        f"<zorgformulier><registratienummer>PL-{number}</registratienummer>"
        f"<incidentdatumtijd>2026-04-01T12:00:00</incidentdatumtijd>"
        f"<betrokkenen><betrokkene><rol>betrokkene</rol><bsn>{bsn}</bsn></betrokkene></betrokkenen>"
        f"<contactdesk>zorgcoordinatie</contactdesk></zorgformulier>"
        for number, bsn in enumerate(reported)
    )
    return f"<export>{entries}</export>"


def expected_households(cases: list[Casus]) -> dict[str, set[str]]:
    """Who is in a casus with somebody secret is linked to nobody, in no other casus either."""
    hidden = {member for case in cases if case.secret for member in case.members}
    found: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        shown = set(case.members) - hidden
        for member in shown:
            found[member] |= shown
    return found


@pytest.fixture(scope="module")
def persons(shared_data: Path) -> dict[str, dict[str, Any]]:
    records = json.loads((shared_data / "brp-testset" / "persons.json").read_text("utf-8"))
    return {record["bsn"]: record for record in records}


def test_every_official_test_person_has_a_bsn_that_passes(persons: dict[str, dict[str, Any]]) -> None:
    failing = []
    for bsn in persons:
        try:
            Bsn(bsn)
        except InvalidInput:
            failing.append(bsn)
    assert failing == []


def test_the_official_test_persons_travel_from_export_to_index(
    persons: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    cases = list(casus_of(persons))
    treated, reported = list(persons)[::3], list(persons)[::4]
    trial = Trial.make(tmp_path / "site")
    exports = {
        "veilig_thuis": ("vt.csv", csv_of(cases, persons)),
        "ggz": ("adt.hl7", adt_of(treated, persons)),
        "politie": ("politie.xml", xml_of(reported)),
    }
    with trial.process("pseudonym-service"), trial.process("ingest"):
        for kind, (name, text) in exports.items():
            path = tmp_path / name
            path.write_text(text, "utf-8")
            report = take_in(trial, kind, path)
            assert (report["rejected"], report["without_bsn"]) == (0, 0)
            assert report["read"] == report["sent"]
        households = asyncio.run(read_households(trial, list(persons)))

    expected = expected_households(cases)
    pseudonyms = {facts.subject: bsn for bsn, facts in households.items()}
    for bsn, facts in households.items():
        assert {pseudonyms[member] for member in facts.members} == expected[bsn] | {bsn}
        own = [fact for fact in facts.involvements if fact.subject == facts.subject]
        by_kind = Counter(str(facts.kinds[fact.partner]) for fact in own)
        assert by_kind["ggz"] == (bsn in treated)
        assert by_kind["politie"] == (bsn in reported)
        # A deceased member's involvement has ended; the others of the casus still have theirs.
        open_cases = [case for case in cases if bsn in case.members and bsn not in case.ended]
        assert by_kind["veilig_thuis"] == len(open_cases)


def test_one_address_is_not_one_household(persons: dict[str, dict[str, Any]]) -> None:
    """Some thirty persons live at one address of the set; no export of ours makes them a household."""
    at_address: dict[str, set[str]] = defaultdict(set)
    for bsn, record in persons.items():
        address = record.get("address") or {}
        if address.get("street"):
            at_address[f"{address['street']} {address.get('number')}"].add(bsn)
    crowd = max(at_address.values(), key=len)
    assert len(crowd) >= 30
    expected = expected_households(list(casus_of(persons)))
    assert all(len(expected[bsn] & crowd) < len(crowd) / 2 for bsn in crowd)


async def read_households(trial: Trial, bsns: list[str]) -> dict[str, HouseholdFacts]:
    partner = trial.partner("ggz")
    async with open_pseudonymiser(partner.pseudonyms, partner.tls) as pseudonymiser:
        subjects = await pseudonymiser.pseudonymise(
            [Bsn(bsn) for bsn in bsns], purpose=EvaluationPurpose.LOOKUP
        )
    door = open_door(trial.settings)
    async with open_site(trial.settings) as site, site.store.transaction() as tx:
        sealed = [door.admit(subject) for subject in subjects]
        found = await tx.facts.households(sealed, on=date(2026, 6, 1))
    return {bsn: found[subject] for bsn, subject in zip(bsns, sealed, strict=True)}
