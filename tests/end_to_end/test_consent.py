"""Consent by hand, with the commands a person types, against a site that runs: what it shows and leaves on record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from gateway.cli.output import Exit
from gateway.domain import Decider
from gateway.messages.profile import CONSENT_STATEMENT
from gateway.messages.schema import violations
from tests.support.hl7 import adt, pv1
from tests.support.trial import Trial
from tests.support.veilig_thuis import csv_of, row

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("consent")]

BSN = "999993653"
PERSON = f"{BSN}\n"
ABOUT = ("--holder", "ggz", "--asker", "veilig_thuis", "--purpose", "coordination-of-care")


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """A site in which mental health care and Veilig Thuis are involved with one person."""
    made = Trial.make(tmp_path_factory.mktemp("consent") / "site")
    with made.serving():
        folder = made.folder
        (folder / "cases.csv").write_text(csv_of([row(bsn=BSN)]), "utf-8")
        identifiers = f"{BSN}^^^NLMINBIZA^NNNLD~P1^^^LOCAL^PI"
        (folder / "adt.hl7").write_bytes(adt("A01", f"PID|1||{identifiers}||SYNTHETISCH^A", pv1(visit="V1")))
        for kind, export in (("veilig_thuis", "cases.csv"), ("ggz", "adt.hl7")):
            options = ("--config", str(made.config(kind)), "--file", str(folder / export), "--wait", "60")
            report = made.json("adapter", "run", kind, *options)
            assert report["receipts"]["accepted"] > 0
            assert len(bytes.fromhex(report["receipts"]["consistency_token"])) == 16
        yield made


def consent(trial: Trial, *words: str, kind: str = "ggz", stdin: str = PERSON, check: bool = True) -> Any:
    return trial.run("consent", *words, "--config", str(trial.config(kind)), stdin=stdin, check=check)


def shown(trial: Trial) -> list[str]:
    """Return the kinds that Veilig Thuis is shown."""
    answer = trial.json(
        "lookup",
        *("--purpose", "coordination-of-care", "--config", str(trial.config("veilig_thuis"))),
        stdin=PERSON,
    )
    return [line["kind"] for line in answer["involvements"]]


def test_a_consent_shows_an_objection_hides_and_a_withdrawal_takes_back(trial: Trial) -> None:
    assert shown(trial) == []
    done = consent(trial, "record", "T-1", "--decided-by", "subject", *ABOUT)
    assert "Toestemming T-1 is vastgelegd." in done.stdout
    assert shown(trial) == ["ggz"]
    consent(trial, "object", "B-1", "--decided-by", "undetermined", *ABOUT, kind="veilig_thuis")
    assert shown(trial) == []
    consent(trial, "withdraw", "B-1", kind="veilig_thuis", stdin="")
    assert shown(trial) == ["ggz"]
    consent(trial, "withdraw", "T-1", stdin="")
    assert shown(trial) == []
    log = trial.json("audit", "list", "--config", trial.made["index_config"], "--event", "consent")["records"]
    assert [(each["organisation"], each["outcome"]) for each in log[-4:]] == [
        (trial.oin(kind), "done") for kind in ("ggz", "veilig_thuis", "veilig_thuis", "ggz")
    ]


def test_the_own_list_is_a_table_a_json_document_or_fhir(trial: Trial) -> None:
    narrowed = (*ABOUT, "--asker-oin", trial.oin("veilig_thuis"), "--since", "2026-01-15")
    consent(trial, "record", "L-1", "--decided-by", "authority-holders", *narrowed, "--until", "2030-05-03")
    found = orjson.loads(consent(trial, "list", "--json").stdout)
    [listed] = [each for each in found["consents"] if each["reference"] == "L-1"]
    assert listed == {
        "reference": "L-1",
        "effect": "permit",
        "decided_by": "authority-holders",
        "counts": True,
        "holder_kinds": ["ggz"],
        "asking_kinds": ["veilig_thuis"],
        "purposes": ["coordination-of-care"],
        "holder_oins": [],
        "asking_oins": [trial.oin("veilig_thuis")],
        "since": "2026-01-15",
        "until": "2030-05-03",
    }
    bundle = orjson.loads(consent(trial, "list", "--fhir").stdout)
    resources = [entry["resource"] for entry in bundle["entry"]]
    assert all(list(violations(each, CONSENT_STATEMENT, "Consent")) == [] for each in resources)
    table = consent(trial, "list").stdout
    assert "\nL-1: toestemming\n" in f"\n{table}"
    # Whole on a plain terminal: what one reads here is looked up elsewhere.
    assert max(map(len, table.splitlines())) <= 80
    for whole in ("15-01-2026", "03-05-2030", trial.oin("veilig_thuis")):
        assert whole in table
    assert orjson.loads(consent(trial, "list", "--fhir", kind="politie").stdout) == {
        "resourceType": "Bundle",
        "type": "collection",
    }


def test_the_same_call_again_has_the_same_receipt(trial: Trial) -> None:
    call = ("record", "R-1", "--decided-by", "subject", *ABOUT, "--json")
    id_ = ("--message-id", "019a0000-0000-7000-8000-000000000001")
    receipts = [orjson.loads(consent(trial, *call, *id_).stdout)["receipt"]["record_id"] for _ in range(2)]
    assert receipts[0] == receipts[1]


@pytest.mark.parametrize(
    ("words", "kind", "code", "said"),
    [
        (("record", "X-1", "--decided-by", "subject", *ABOUT), "politie", Exit.REFUSED, "MAY_NOT_RECORD"),
        (("withdraw", "NEVER-1"), "ggz", Exit.REFUSED, "UNKNOWN_REFERENCE"),
        (("record", "X-1", "--decided-by", "authority-holders", *ABOUT), "ggz", Exit.REFUSED, "INVALID"),
    ],
    ids=["police", "unknown-reference", "child-without-end"],
)
def test_what_is_refused_ends_with_its_code_and_one_line_without_the_person(
    trial: Trial, words: tuple[str, ...], kind: str, code: Exit, said: str
) -> None:
    done = consent(trial, *words, kind=kind, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert BSN not in done.stderr


def test_who_cannot_decide_is_wrong_use_and_the_answer_names_who_can(trial: Trial) -> None:
    done = consent(trial, "record", "X-1", "--decided-by", "aunt", *ABOUT, check=False)
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    said = done.stderr
    assert all(f"'{each}'" in said for each in Decider)
    assert BSN not in said
