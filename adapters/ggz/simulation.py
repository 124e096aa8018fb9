"""Write a region's treatments and consents as ADT messages and a consent list, with full synthetic content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from adapters.ggz.mapping import BSN_AUTHORITY, BSN_TYPE, LOCAL_TYPE
from adapters.kit.consents import COLUMNS, DECIDERS, required_decider
from adapters.kit.region import Person, Region, Treatment

PLANT = "PLANT-ggz"


def write_exports(region: Region, folder: Path) -> Sequence[str]:
    """Write `adt.hl7` and `toestemmingen.csv`; return the planted texts."""
    messages = [message for treatment in region.treatments for message in _messages(treatment)]
    messages.append(_without_bsn(region))
    (folder / "adt.hl7").write_bytes("\r".join(messages).encode("utf-8") + b"\r")
    rows = [";".join(COLUMNS), *(_consent_row(region, number) for number in range(len(region.consents)))]
    (folder / "toestemmingen.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return planted(region)


def planted(region: Region) -> list[str]:
    """Return every text that must never leave the partner: the markers, and the names and addresses."""
    markers = [
        *(
            f"{PLANT}-{name}"
            for name in ("PID-13", "PV1-3", "PV1-10", "PV2-3", "DG1-4", "OBX-5", "NTE-3", "IN1-4")
        ),
        *(f"{PLANT}-{name}" for name in ("PV1-7", "NK1-2", "AL1-3", "ZXX-1", "toelichting")),
    ]
    persons = {treatment.person for treatment in region.treatments}
    return markers + [text for person in persons for text in (person.bsn, person.address, person.postcode)]


def _messages(treatment: Treatment) -> list[str]:
    messages = [_adt("A01", treatment, treatment.since, discharged=None)]
    if treatment.until is not None:
        messages.append(_adt("A03", treatment, treatment.until, discharged=treatment.until))
    return messages


def _adt(trigger: str, treatment: Treatment, on: date, *, discharged: date | None) -> str:
    person = treatment.person
    at = f"{on:%Y%m%d}090000"
    visit = [""] * 45
    visit[1], visit[2] = "I", f"{PLANT}-PV1-3^K1^B2"
    visit[6], visit[9] = f"00001^{PLANT}-PV1-7", f"{PLANT}-PV1-10"
    visit[18], visit[43] = treatment.visit, f"{treatment.since:%Y%m%d}0830"
    visit[44] = f"{discharged:%Y%m%d}1700" if discharged else ""
    return "\r".join(
        [
            f"MSH|^~\\&|EPD|GGZ|VWI|REGIO|{at}||ADT^{trigger}|{treatment.visit}{trigger}|P|2.5||||||UNICODE UTF-8",
            f"EVN|{trigger}|{at}",
            _pid(person, f"{person.bsn}^^^{BSN_AUTHORITY}^{BSN_TYPE}~"),
            f"NK1|1|{PLANT}-NK1-2|MTH",
            "|".join(["PV1", *visit]),
            f"PV2|||{PLANT}-PV2-3",
            f"DG1|1||F33.1^{PLANT}-DG1-4^ICD-10|{PLANT}-DG1-4",
            f"OBX|1|TX|RISICO||{PLANT}-OBX-5",
            f"AL1|1||{PLANT}-AL1-3",
            f"IN1|1|BASIS|0001|{PLANT}-IN1-4",
            f"NTE|1||{PLANT}-NTE-3",
            f"ZXX|{PLANT}-ZXX-1",
        ]
    )


def _pid(person: Person, bsn: str) -> str:
    name = f"{person.surname}&&{person.surname}^{person.given}^^^^^L"
    address = f"{person.address}^^PROEFSTAD^^{person.postcode}^NL^M"
    local = f"P{person.number:06d}^^^LOCAL^{LOCAL_TYPE}"
    return f"PID|1||{bsn}{local}||{name}||{person.born:%Y%m%d}|{person.sex}|||{address}||{PLANT}-PID-13"


def _without_bsn(region: Region) -> str:
    person = region.treatments[0].person
    at = f"{region.today:%Y%m%d}000000"
    return "\r".join(
        [
            f"MSH|^~\\&|EPD|GGZ|VWI|REGIO|{at}||ADT^A01|NOBSN|P|2.5||||||UNICODE UTF-8",
            f"EVN|A01|{at}",
            _pid(person, "").replace(f"P{person.number:06d}", "P999999"),
            "PV1|1|O",
        ]
    )


def _consent_row(region: Region, number: int) -> str:
    consent = region.consents[number]
    person = consent.person
    decider = required_decider(person.age(consent.since))
    by = next(name for name, value in DECIDERS.items() if value is decider)
    columns = {
        "toestemming_id": consent.number,
        "bsn": person.bsn,
        "geboortedatum": person.born.isoformat(),
        "besluit": consent.decision,
        "besloten_door": by,
        "houders": consent.holders,
        "vragers": consent.askers,
        "doelen": consent.purposes,
        "vanaf": consent.since.isoformat(),
        "tot": "",
        "toelichting": f"{PLANT}-toelichting besproken tijdens intake",
    }
    return ";".join(columns[name] for name in COLUMNS)
