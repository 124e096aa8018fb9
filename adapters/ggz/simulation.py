"""Write a region's treatments and consents as ADT messages and a consent list, with full synthetic content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from adapters.ggz.mapping import BSN_AUTHORITY, BSN_TYPE, LOCAL_TYPE
from adapters.kit.consents import COLUMNS, DECIDERS, OPTIONAL_COLUMNS, required_decider
from adapters.kit.region import ConsentGiven, Person, Region, Treatment, birth_texts, personal_texts

PLANT = "PLANT-ggz"
INVALID_BSN = "999940003"
"""A number that fails the 11-test."""
UTF_8 = "UNICODE UTF-8"

CONTENT = {
    "PID-6": "Voorbeeld-Proefpersoon",
    "PID-13": "06-00000000",
    "PID-14": "telefoon werk",
    "PID-16": "gescheiden",
    "PID-17": "gezindte",
    "PID-19": "verzekerdennummer",
    "PID-23": "geboorteplaats",
    "PV1-2": "opname met rechterlijke machtiging",
    "PV1-3": "gesloten afdeling, kamer 4",
    "PV1-7": "behandelaar",
    "PV1-8": "verwijzer",
    "PV1-9": "medebehandelaar",
    "PV1-10": "verslavingspsychiatrie",
    "PV1-14": "via crisisdienst",
    "PV1-36": "ontslag tegen advies",
    "PV1-37": "beschermd wonen",
    "PV2-3": "suïcidale gedachten",
    "DG1-3": "F33.1",
    "DG1-4": "recidiverende depressieve stoornis",
    "OBX-3": "risicotaxatie",
    "OBX-5": "verhoogd risico na ruzie met partner",
    "NTE-3": "belt niet terug, moeder ziek",
    "IN1-3": "verzekeraar",
    "IN1-4": "aanvullend pakket",
    "AL1-3": "penicilline",
    "NK1-2": "contactpersoon",
    "NK1-4": "adres van de contactpersoon",
    "NK1-5": "telefoon van de contactpersoon",
    "PR1-3": "EMDR",
    "GT1-3": "bewindvoerder",
    "ROL-4": "casemanager",
    "ZXX-1": "vrij veld van de leverancier",
}
"""What a field of the manifest's list holds in a real message; each is planted with its own marker behind it."""
NAMED = ("PID-5", "PID-9", "PID-11", "toelichting")
"""Fields that are written with the person's own name or address before the marker."""


def write_exports(region: Region, folder: Path) -> Sequence[str]:
    """Write `adt.hl7` and, where consent was asked, `toestemmingen.csv`; return the planted texts."""
    messages = [message for treatment in region.treatments for message in _messages(treatment)]
    messages += _bad_messages(region.treatments[0], region.today)
    (folder / "adt.hl7").write_bytes("\r".join(messages).encode("utf-8") + b"\r")
    if region.consents:
        (folder / "toestemmingen.csv").write_text("\n".join(_consent_lines(region)) + "\n", "utf-8")
    return planted(region)


def _consent_lines(region: Region) -> Iterator[str]:
    rows = [_consent_row(consent, region.oins) for consent in region.consents]
    # As every real list has it: a decision that is no decision.
    rows.append(rows[0] | {"toestemming_id": "T-ONBEKEND", "besluit": "misschien"})
    columns = (*COLUMNS, *OPTIONAL_COLUMNS)
    yield ";".join(columns)
    yield from (";".join(row[name] for name in columns) for row in rows)


def planted(region: Region) -> list[str]:
    """Return every text that must never leave the partner: the markers, and what belongs to a person."""
    treated = {treatment.person for treatment in region.treatments}
    consenting = {consent.person for consent in region.consents}
    names = [*CONTENT, *(name for name in NAMED if name != "toelichting" or consenting)]
    markers = [_marker(name) for name in names]
    return [*markers, *personal_texts(treated), *birth_texts(consenting)]


def _messages(treatment: Treatment) -> Iterator[str]:
    yield _adt("A01", treatment, treatment.since)
    if treatment.until is not None:
        yield _adt("A03", treatment, treatment.until, discharged=treatment.until)
        # An address that is corrected after the discharge: it must not open the treatment again.
        yield _adt("A08", treatment, treatment.until + timedelta(days=1))


def _bad_messages(treatment: Treatment, today: date) -> list[str]:
    """Messages as every interface has them: no BSN, a mistyped one, a charset nobody knows, a mere person update."""
    good = _adt("A01", treatment, today)
    bsn = f"{treatment.person.bsn}^^^{BSN_AUTHORITY}^{BSN_TYPE}~"
    own, visit = f"P{treatment.person.number:06d}", treatment.visit
    return [
        good.replace(bsn, "").replace(own, "P999991").replace(visit, "OPN-ZONDER"),
        good.replace(treatment.person.bsn, INVALID_BSN).replace(own, "P999992").replace(visit, "OPN-FOUT"),
        good.replace(UTF_8, "EBCDIC").replace(own, "P999993").replace(visit, "OPN-TEKENSET"),
        _adt("A28", treatment, today),
    ]


def _adt(trigger: str, treatment: Treatment, on: date, *, discharged: date | None = None) -> str:
    at = f"{on:%Y%m%d}000000"
    visit = {19: treatment.visit, 44: f"{treatment.since:%Y%m%d}"}
    if discharged is not None:
        visit[45] = f"{discharged:%Y%m%d}"
    filled = ("NK1", "PV2", "DG1", "OBX", "AL1", "IN1", "GT1", "PR1", "ROL", "NTE", "ZXX")
    return "\r".join(
        [
            f"MSH|^~\\&|EPD|GGZ|VWI|REGIO|{at}||ADT^{trigger}|{treatment.visit}{trigger}|P|2.5||||||{UTF_8}",
            f"EVN|{trigger}|{at}",
            _segment("PID", _person(treatment.person)),
            _segment("PV1", visit),
            *(_segment(name, {}) for name in filled),
        ]
    )


def _person(person: Person) -> Mapping[int, str]:
    own = f"P{person.number:06d}^^^LOCAL^{LOCAL_TYPE}"
    return {
        3: f"{person.bsn}^^^{BSN_AUTHORITY}^{BSN_TYPE}~{own}",
        5: f"{person.surname}&&{person.surname}^{person.given}^{_marker('PID-5')}^^^^L",
        7: f"{person.born:%Y%m%d}",
        8: {"V": "F"}.get(person.sex, person.sex),
        9: f"{person.given} {person.surname}^{_marker('PID-9')}",
        11: f"{person.address}^{_marker('PID-11')}^PROEFSTAD^^{person.postcode}^NL^M",
    }


def _segment(name: str, fixed: Mapping[int, str]) -> str:
    content = {
        int(place.partition("-")[2]): f"{text} {_marker(place)}"
        for place, text in CONTENT.items()
        if place.startswith(f"{name}-")
    }
    fields = content | dict(fixed)
    return "|".join([name, *(fields.get(number, "") for number in range(1, max(fields) + 1))])


def _marker(name: str) -> str:
    return f"{PLANT}-{name}"


def _consent_row(consent: ConsentGiven, oins: Mapping[str, str]) -> dict[str, str]:
    person, said = consent.person, consent.said
    decider = required_decider(person.age(consent.since))
    return {
        "toestemming_id": consent.number,
        "bsn": person.bsn,
        "geboortedatum": person.born.isoformat(),
        "besluit": said.decision,
        "besloten_door": said.decided_by
        or next(name for name, value in DECIDERS.items() if value is decider),
        "houders": said.holders,
        "vragers": said.askers,
        "doelen": said.purposes,
        "vanaf": consent.since.isoformat(),
        "tot": "",
        "toelichting": f"besproken met {person.given} {person.surname} tijdens intake {_marker('toelichting')}",
        "houder_oins": "",
        "vrager_oins": oins[said.organisation] if said.organisation else "",
    }
