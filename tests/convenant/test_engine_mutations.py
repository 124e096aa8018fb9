"""Enforcement switched off in the engine's own source, one piece at a time: the reference sees each of them."""

from __future__ import annotations

import sys
from functools import cache
from importlib.resources import files
from types import ModuleType

import pytest

from gateway.convenant.engine import Engine
from gateway.domain import InvolvementFact
from tests.convenant.reference import shown_by_table
from tests.support.convenants import TODAY
from tests.support.worlds import World, seeded_worlds

pytestmark = pytest.mark.xdist_group("engine-mutations")

WORLDS = 2000
MODULES = ("statements", "compiled", "engine")
SHOWS = 'Cell(prohibition=None, permissions=(Permission("R", "", False),), obstacle=Builtin.NO_RULE, emergency=None)'

MUTATIONS = {
    "prohibitions": ("compiled", "if is_reached and prohibition is None:", "if False:"),
    "dates of a ground": ("compiled", "if is_for_asker and rule.basis.holds(asker.on):", "if is_for_asker:"),
    "who asks": (
        "compiled",
        "if is_for_asker and rule.basis.holds(asker.on):",
        "if rule.basis.holds(asker.on):",
    ),
    "dates of the convenant": ("compiled", "if not convenant.in_force(asker.on):", "if False:"),
    "own involvement": ("compiled", "elif not (is_involved or rule.without_own_involvement):", "elif False:"),
    "own involvement that ended": (
        "engine",
        "fact.partner == question.asker and fact.is_current(on)",
        "fact.partner == question.asker",
    ),
    "secrecy": ("compiled", "elif not is_reached:", "elif False:"),
    "secrecy of a prohibition": (
        "compiled",
        "if is_reached and prohibition is None:",
        "if prohibition is None:",
    ),
    "consent": ("compiled", "needs_consent = isinstance(rule.basis, ConsentBasis)", "needs_consent = False"),
    "objections": ("engine", "statement.effect is ConsentEffect.PERMIT", "True"),
    "precedence": (
        "statements",
        "if not any(overrules(permit, objection, asker=asker) for permit in permits)",
        "if not permits",
    ),
    "the asker's own word": (
        "statements",
        "and (permit.partner != asker or objection.partner == asker)",
        "",
    ),
    "whose consent it is": ("statements", "if self.reach.isdisjoint(person.pseudonyms):", "if False:"),
    "for which purpose consent is": ("statements", "return purpose in one.purposes and", "return True and"),
    "to whom consent is": ("statements", "and _names(one, one.asking_kinds, one.askers, asker)", ""),
    "about whom consent is": (
        "statements",
        "return _names(one, one.holder_kinds, one.holders, holder)",
        "return True",
    ),
    "organisations by name": (
        "statements",
        "return side.organisation in organisations and",
        "return True and",
    ),
    "dates and reviews of consent": ("engine", "and one.is_current(self._on)", ""),
    "who recorded consent": (
        "engine",
        "or self._facts.kinds.get(one.partner) in self._convenant.consent_recorders",
        "or True",
    ),
    "shielding": ("engine", "if fact.shielded:", "if False:"),
    "the end of an involvement": ("engine", "if not fact.is_current(self._on):", "if False:"),
    "what the asker has itself": ("engine", "if fact.partner == self._question.asker:", "if False:"),
    "unknown holders": (
        "engine",
        "return Builtin.UNKNOWN_PARTNER if cell is None else cell",
        f"return {SHOWS} if cell is None else cell",
    ),
    "whether an emergency is declared": (
        "compiled",
        "if not asker.break_glass or terms is None:",
        "if terms is None:",
    ),
    "who may declare an emergency": (
        "compiled",
        "if not is_for_asker or not terms.basis.holds(asker.on):",
        "if not terms.basis.holds(asker.on):",
    ),
    "the ground of an emergency": (
        "compiled",
        "if not is_for_asker or not terms.basis.holds(asker.on):",
        "if not is_for_asker:",
    ),
    "prohibitions in an emergency": (
        "engine",
        "if cell.prohibition is not None:",
        "if cell.prohibition is not None and cell.emergency is None:",
    ),
}


@cache
def expectations() -> list[tuple[World, list[InvolvementFact]]]:
    """Return worlds, the same ones every time, with what the reference shows in each."""
    return [(world, shown_by_table(world, TODAY)) for world in seeded_worlds(WORLDS)]


def differences(engine: type[Engine]) -> int:
    """Return in how many worlds this engine shows something else than the reference."""
    return sum(
        list(engine(world.convenant).decide(world.question, world.facts, on=TODAY).shown) != expected
        for world, expected in expectations()
    )


def engine_with(monkeypatch: pytest.MonkeyPatch, mutated: str, old: str, new: str) -> type[Engine]:
    """Return the engine of the same sources, one of them changed in one place."""
    for name in MODULES:
        source = files("gateway.convenant").joinpath(f"{name}.py").read_text()
        if name == mutated:
            assert source.count(old) == 1, f"the mutation no longer fits {name}.py"
            source = source.replace(old, new)
        for other in MODULES:
            source = source.replace(f"gateway.convenant.{other} import", f"mutant_{other} import")
        module = ModuleType(f"mutant_{name}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(source, module.__name__, "exec"), module.__dict__)  # noqa: S102 - our own source
    found: type[Engine] = sys.modules["mutant_engine"].Engine
    return found


def test_the_engine_as_it_is_shows_what_the_reference_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert differences(Engine) == 0
    assert differences(engine_with(monkeypatch, "engine", "if fact.shielded:", "if fact.shielded :")) == 0


@pytest.mark.parametrize("ignored", MUTATIONS)
def test_an_engine_that_ignores_something_is_found_out(ignored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert differences(engine_with(monkeypatch, *MUTATIONS[ignored])) > 0
