"""Promise 1: text planted in every content field of the source records is nowhere past the adapter.

The planted texts look like codes, so that they would fit wherever a code fits: the closed profile alone does not
save an adapter that lets one through, and the last test proves that this search would find it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.ggz import ADAPTER as GGZ
from adapters.kit.adapter import Adapter
from adapters.kit.model import InvolvementDraft, Mapped, MappingContext, SourceRecord
from adapters.kit.once import run_once
from adapters.kit.session import open_session
from adapters.politie import ADAPTER as POLITIE
from adapters.veilig_thuis import ADAPTER as VEILIG_THUIS
from adapters.veilig_thuis.adapter import VeiligThuis
from gateway.cli.demo.planted import Search
from tests.end_to_end.test_commands import HEADER, take_in
from tests.support.trial import Trial

BSN = "999993653"


def planted(kind: str, field: str) -> str:
    return f"plant-{kind}-{field}".lower().replace("_", "-")


def veilig_thuis_csv() -> str:
    """One good row and one of every way to be bad, each with text in every field that is content."""
    good = dict.fromkeys(HEADER.split(";"), "")
    good |= {name: planted("veilig_thuis", name) for name in VEILIG_THUIS.manifest.content_fields}
    good |= {
        "casusnr": "plant-veilig-thuis-casusnr",
        "datum_melding": "2026-05-04",
        "veiligheidsbeoordeling_datum": "2026-05-06",
        "meldertype": "Onderwijs",
        "meldingtype": "eerste melding",
        "bsn": BSN,
        "rol": "slachtoffer",
        "dienst": "Onderzoek",
        "contact_desk": "frontoffice",
    }
    rows = [
        good,
        good | {"bsn": ""},
        good | {"bsn": "999940003"},
        good | {"rol": planted("veilig_thuis", "rol")},
        good | {"datum_melding": planted("veilig_thuis", "datum_melding")},
        good | {"meldertype": planted("veilig_thuis", "meldertype")},
    ]
    return "\n".join([HEADER, *(";".join(row.values()) for row in rows), "plant-short;row"]) + "\n"


def ggz_messages() -> str:
    """Every segment and field that is content, as the manifest lists them."""
    segments: dict[str, dict[int, str]] = {}
    for name in GGZ.manifest.content_fields:
        segment, _, number = name.partition("-")
        segments.setdefault(segment, {})[int(number)] = planted("ggz", name)
    fixed = {
        "PID": {3: f"{BSN}^^^NLMINBIZA^NNNLD~plant-ggz-local^^^LOCAL^PI"},
        "PV1": {19: "plant-ggz-visit", 44: "20260504"},
    }
    order = ("PID", "PV1", *sorted(set(segments) - {"PID", "PV1"}))
    fields = {segment: segments.get(segment, {}) | fixed.get(segment, {}) for segment in order}
    body = [
        "|".join([segment, *(fields[segment].get(n, "") for n in range(1, max(fields[segment]) + 1))])
        for segment in order
    ]
    header = "MSH|^~\\&|plant-ggz-app|plant-ggz-fac|B|C|20260504||ADT^A01|plant-ggz-id|P|2.5"
    return "\r".join([header, "EVN|A01|20260504", *body]) + "\r"


def politie_xml() -> str:
    content = "".join(
        f"<{name}>{planted('politie', name)}</{name}>"
        for name in POLITIE.manifest.content_fields
        if "/" not in name and "." not in name
    )
    person = (
        f"<rol>betrokkene</rol><bsn>{BSN}</bsn><naam>plant-politie-naam</naam><adres>plant-politie-adres</adres>"
        "<geboortedatum>plant-politie-geboortedatum</geboortedatum>"
    )
    return (
        f"<export><zorgformulier><registratienummer>plant-politie-nr</registratienummer>"
        f"<incidentdatumtijd>2026-06-01T21:30:00</incidentdatumtijd>{content}"
        f"<betrokkenen><betrokkene>{person}</betrokkene>"
        f"<betrokkene><rol>plant-politie-rol</rol><bsn>{BSN}</bsn></betrokkene></betrokkenen>"
        f"</zorgformulier></export>"
    )


EXPORTS: dict[str, tuple[str, Callable[[], str]]] = {
    "veilig_thuis": ("vt.csv", veilig_thuis_csv),
    "ggz": ("adt.hl7", ggz_messages),
    "politie": ("politie.xml", politie_xml),
}


def planted_in(text: str) -> set[str]:
    return set(re.findall(r"plant-[a-z0-9-]+", text))


async def search(trial: Trial, needles: set[str]) -> dict[str, set[str]]:
    found = Search(sorted(needles))
    await found.folder(trial.folder)
    return found.found


def test_no_planted_text_leaves_any_adapter(tmp_path: Path) -> None:
    trial = Trial.make(tmp_path / "site")
    needles: set[str] = set()
    printed: list[Any] = []
    with trial.serving():
        for kind, (name, write) in EXPORTS.items():
            # Beside the site: the partner's own file is not past the adapter.
            path = tmp_path / name
            path.write_text(write(), "utf-8")
            needles |= planted_in(write())
            report = take_in(trial, kind, path)
            assert report["messages"] >= 1
            printed.append(report)
        printed += [
            trial.json(
                *("lookup", "--config", str(trial.config(kind)), "--purpose", "safety-assessment"),
                stdin=f"{BSN}\n",
            )
            for kind in EXPORTS
        ]
        printed.append(trial.json("audit", "list", "--config", trial.made["index_config"]))
    (trial.folder / "printed.json").write_bytes(orjson.dumps(printed))
    assert len(needles) > 40
    assert asyncio.run(search(trial, needles)) == {}


class Leaking(VeiligThuis):
    """An adapter with one mistake: a content field stands where the desk should."""

    def map(self, record: SourceRecord[Any], context: MappingContext) -> Mapped:
        mapped = super().map(record, context)
        return replace(
            mapped,
            drafts=[
                replace(draft, desk=record.content["aard_geweld"])
                if isinstance(draft, InvolvementDraft)
                else draft
                for draft in mapped.drafts
            ],
        )


def test_one_field_that_slips_through_is_found(tmp_path: Path) -> None:
    """The mutation: without it, the search above could be blind and nobody would know."""
    trial = Trial.make(tmp_path / "site")
    path = tmp_path / "vt.csv"
    path.write_text(veilig_thuis_csv(), "utf-8")
    with trial.serving():
        asyncio.run(_run(Leaking(), trial, path))
    found = asyncio.run(search(trial, planted_in(veilig_thuis_csv())))
    assert planted("veilig_thuis", "aard_geweld") in found


async def _run(adapter: Adapter, trial: Trial, path: Path) -> None:
    settings = trial.partner("veilig_thuis")
    async with open_session(adapter, settings, folder=path.parent) as session:
        await run_once(session, path, wait_seconds=60)


@pytest.mark.parametrize("kind", sorted(EXPORTS))
def test_every_content_field_of_the_manifest_is_planted(kind: str) -> None:
    text = EXPORTS[kind][1]()
    adapters: dict[str, Adapter] = {"veilig_thuis": VEILIG_THUIS, "ggz": GGZ, "politie": POLITIE}
    dates = {"veiligheidsbeoordeling_datum"}
    missing = [
        field
        for field in adapters[kind].manifest.content_fields
        if field not in dates and planted(kind, field.split("/")[-1].split(".")[-1]) not in text
    ]
    assert missing == []
