"""What the documentation names exists: commands, options, targets, paths, settings, codes, events and words."""

from __future__ import annotations

import importlib
import logging
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

import gateway.breakglass.events
import gateway.evaluation.events
import gateway.ingest.events
import gateway.lookup.events
import gateway.rpc.events
import gateway.watching.events
from adapters.veilig_thuis import ADAPTER as VEILIG_THUIS
from adapters.veilig_thuis.source import USED_COLUMNS
from gateway.audit.model import AuditEvent, AuditOutcome
from gateway.cli.main import build_app
from gateway.convenant.question import Builtin
from gateway.errors import RejectionReason
from gateway.settings import IndexSettings, PartnerSettings, PseudonymServiceSettings
from gateway.telemetry.log import LogEvent
from tests.docs.pages import NAMES, ROOT, blocks_of, page, prose_of

_LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)?(?:#([^)\s]+))?\)")
_CODE = re.compile(r"`([^`\n]+)`")
_FOLDERS = ("gateway/", "adapters/", "tests/", "proto/", "docs/", "helm/", "requirements/", ".ci/")
_COMMAND = re.compile(r"\bverwijsindex ([a-z][^`\n|<>()]*)")
_TARGET = re.compile(r"`(?:[A-Z_]+=\S+ )?make ([a-z.][^\s`]*)[^`]*`")
_SETTINGS: dict[str, type[BaseModel]] = {
    "docs/operators/README.md": IndexSettings,
    "docs/operators/pseudonym-service.md": PseudonymServiceSettings,
    "docs/integrators/README.md": PartnerSettings,
}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_page_and_a_heading_that_exist(name: str) -> None:
    for path, anchor in _LINK.findall(prose_of(name)):
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), f"{name} links to {path}"
        if anchor:
            readable = target / "README.md" if target.is_dir() else target
            assert anchor in _anchors(readable), f"{name} links to {path}#{anchor}"


@pytest.mark.parametrize("name", NAMES)
def test_every_path_of_the_project_that_is_named_exists(name: str) -> None:
    for path in _CODE.findall(prose_of(name)):
        if path.startswith(_FOLDERS) and " " not in path:
            pattern = re.sub(r"<[^>]*>", "*", path).rstrip("/")
            assert list(ROOT.glob(pattern)), f"{name} names {path}"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_and_option_that_is_shown_exists(name: str) -> None:
    for words in _shown_commands(name):
        command, rest = _find(words)
        assert command is not None, f"{name} shows: verwijsindex {' '.join(words)}"
        options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        unknown = [word for word in rest if word.startswith("--") and word.split("=")[0] not in options]
        assert not unknown, f"{name} shows {unknown} of: verwijsindex {' '.join(words)}"


@pytest.mark.parametrize("name", NAMES)
def test_every_make_target_that_is_named_exists(name: str) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("$(VENV)", ".venv")
    shown = re.findall(r"^make ([a-z.]\S*)", "\n".join(block.text for block in blocks_of(name)), re.MULTILINE)
    for target in [*_TARGET.findall(prose_of(name)), *shown]:
        assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), f"{name} names make {target}"


@pytest.mark.parametrize(("name", "model"), _SETTINGS.items())
def test_every_setting_is_documented(name: str, model: type[BaseModel]) -> None:
    named = set(re.findall(r"[a-z_]+", " ".join(_CODE.findall(prose_of(name)))))
    missing = [path for path in _setting_names(model) if path.rpartition(".")[2] not in named]
    assert missing == [], f"{name} does not name {missing}"


@pytest.mark.parametrize("name", [name for name in _SETTINGS if name.startswith("docs/operators/")])
def test_the_defaults_that_are_documented_for_operators_are_the_defaults(name: str) -> None:
    rows = re.findall(r"^\| `\[(\w+)\] (\w+)` \| `?([\w.-]+?)`? \|", page(name), re.MULTILINE)
    assert len(rows) >= 3
    for section, field, documented in rows:
        model = _SETTINGS[name].model_fields[section].annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        assert str(model.model_fields[field].default).lower() == documented, f"[{section}] {field}"


def test_the_operators_page_explains_every_rejection_reason_and_every_event_to_look_at() -> None:
    named = set(_CODE.findall(page("docs/operators/README.md")))
    assert {reason.value for reason in RejectionReason} <= named
    rooms = (
        gateway.breakglass.events,
        gateway.ingest.events,
        gateway.lookup.events,
        gateway.rpc.events,
        gateway.watching.events,
    )
    declared = [event for room in rooms for event in vars(room).values() if isinstance(event, LogEvent)]
    assert {event.id for event in declared if event.level >= logging.WARNING} <= named
    prefixes = ("break-glass.", "rpc.", "ingest.", "lookup.", "watching.")
    assert {word for word in named if word.startswith(prefixes)} <= {event.id for event in declared}


def test_the_custodians_page_explains_every_event_of_its_service() -> None:
    named = set(_CODE.findall(page("docs/operators/pseudonym-service.md")))
    declared = {event.id for event in vars(gateway.evaluation.events).values() if isinstance(event, LogEvent)}
    assert {word for word in named if word.startswith("evaluation.")} == declared


def test_the_officers_page_explains_every_event_outcome_and_reason_of_the_access_log() -> None:
    named = set(_CODE.findall(page("docs/officers/README.md")))
    for codes in (AuditEvent, AuditOutcome, Builtin):
        assert {code.value for code in codes} <= named


def test_the_csv_of_the_readme_has_the_columns_that_the_adapter_knows() -> None:
    [header] = re.findall(r"^casusnr;.*$", page("README.md"), re.MULTILINE)
    assert set(header.split(";")) == {*USED_COLUMNS, *VEILIG_THUIS.manifest.content_fields}


def test_every_name_of_the_code_in_the_glossary_exists() -> None:
    rows = re.findall(r"^\|[^|]+\|([^|]+)\|", page("GLOSSARY.md"), re.MULTILINE)
    names = [name for row in rows for name in _CODE.findall(row) if re.match(r"[A-Z]\w+(\.|$)", name)]
    assert len(names) > 15
    for name in names:
        class_name, _, attribute = name.partition(".")
        found = _class(class_name)
        assert found is not None, f"GLOSSARY.md names {name}"
        assert not attribute or hasattr(found, attribute) or attribute in found.__annotations__, name


def test_every_decision_stands_in_the_index_under_its_own_title() -> None:
    index = page("docs/adr/README.md")
    for decision in sorted((ROOT / "docs/adr").glob("0*.md")):
        number, title = re.findall(r"^# (\d+)\. (.+)$", decision.read_text("utf-8"), re.MULTILINE)[0]
        assert decision.name.startswith(f"{int(number):04d}-")
        assert f"| [{number}]({decision.name}) | {title} |" in index


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _shown_commands(name: str) -> Iterator[list[str]]:
    blocks = [block.text for block in blocks_of(name) if block.language in {"sh", "bash"}]
    quoted = [code for code in _CODE.findall(prose_of(name)) if code.startswith("verwijsindex ")]
    for text in [*blocks, *quoted]:
        for shown in _COMMAND.findall(text):
            yield shlex.split(shown.partition("…")[0])


def _find(words: list[str]) -> tuple[Any, list[str]]:
    command: Any = typer.main.get_command(build_app())
    rest = list(words)
    while getattr(command, "commands", None) and rest and not rest[0].startswith("-"):
        command = command.commands.get(rest.pop(0))
    return command, rest


def _setting_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _setting_names(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _class(name: str) -> Any:
    modules = (
        "gateway.domain", "gateway.convenant.model", "adapters.kit.model", "verwijsindex.client",
    )  # fmt: skip
    return next(
        (vars(importlib.import_module(m))[name] for m in modules if name in vars(importlib.import_module(m))),
        None,
    )
