"""The Python blocks of the documentation compile, import what exists, and do what they show."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.kit.manifest import Manifest
from adapters.kit.model import MappingContext, WithoutBsn
from adapters.veilig_thuis import ADAPTER as VEILIG_THUIS
from gateway.domain import Bsn, ConsentEffect, Phase
from tests.consents.serving import serving_consents
from tests.consents.support import standing
from tests.docs.pages import NAMES, Block, blocks_of
from tests.support.facts import OIN_VT
from tests.support.serving import GGZ, Identities, serving
from tests.support.serving import VEILIG_THUIS as VT_PARTNER
from verwijsindex.client import SubjectPseudonym

EXAMPLES = [
    pytest.param(block, id=f"{name}:{block.line}")
    for name in NAMES
    for block in blocks_of(name)
    if block.language == "python"
]


@pytest.mark.parametrize("block", EXAMPLES)
def test_an_example_compiles_and_imports_only_what_exists(block: Block) -> None:
    tree = ast.parse(block.text)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert imports
    exec(compile(ast.Module([*imports], []), "<imports of the example>", "exec"), {})  # noqa: S102 - our own text


async def test_the_client_example_asks_one_question_many_questions_and_for_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    block = _example("asking", "async def ask")
    identities = Identities(tmp_path)
    tls = identities.tls(OIN_VT)
    for name, path in (
        ("certificate.pem", tls.certificate),
        ("key.pem", tls.key),
        ("ca.pem", tls.trusted_ca),
    ):
        (tmp_path / name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    async with serving(identities) as index:
        namespace = _executed(block.text.replace("verwijsindex.example:50443", index.address))
        capsys.readouterr()
        await namespace["ask"](
            [[SubjectPseudonym(value=bytes([number]) * 32, epoch=1)] for number in range(2)]
        )
        printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("0 Dit overzicht kan onvolledig zijn")
    assert sorted(printed[1:3]) == ["0 0", "1 0"]
    assert printed[3].startswith(GGZ.name)
    assert VT_PARTNER.name not in "".join(printed)


async def test_the_consent_example_records_lists_and_withdraws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [block] = [each for each in blocks_of("docs/integrators/consent.md") if each.language == "python"]
    async with serving_consents(Identities(tmp_path)) as index, index.client() as client:
        capsys.readouterr()
        await _executed(block.text)["keep"](client, [SubjectPseudonym(value=bytes(32), epoch=1)])
        recorded, listed = capsys.readouterr().out.splitlines()
        found = await standing(index.store, reference="T-2026-0041")
    assert recorded.startswith("recorded: ")
    assert listed == "T-2026-0041 permit True"
    assert found is not None
    assert found.fact.effect is ConsentEffect.WITHDRAWN


def test_the_adapter_example_reads_and_maps_and_leaves_out_who_has_no_bsn(tmp_path: Path) -> None:
    adapter = _executed(_example("adapter", "class Wijkteam").text)["Wijkteam"](_manifest())
    export = tmp_path / "export.txt"
    export.write_text("W-1;999993653;2025-11-03\nW-2;;2025-11-03\n", "utf-8")
    context = MappingContext(today=date(2026, 1, 1))
    with_bsn, without_bsn = adapter.read(export)
    [draft] = adapter.map(with_bsn, context).drafts
    assert (draft.bsn, draft.phase, draft.since) == (Bsn("999993653"), Phase.ACTIVE, date(2025, 11, 3))
    with pytest.raises(WithoutBsn):
        adapter.map(without_bsn, context)


def _manifest() -> Manifest:
    return VEILIG_THUIS.manifest


def _example(what: str, containing: str) -> Block:
    found = [
        block
        for block in blocks_of("docs/integrators/README.md")
        if block.language == "python" and containing in block.text
    ]
    assert len(found) == 1, f"the integrators' page must have one example for: {what}"
    return found[0]


def _executed(text: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(compile(text, "<example>", "exec"), namespace)  # noqa: S102 - our own text
    return namespace
