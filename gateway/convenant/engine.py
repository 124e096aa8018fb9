"""Who may see which involvement: a pure decision, compiled once per convenant, that denies what nothing permits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from gateway.convenant.compiled import AskerOnDay, Cell, Permission, Table, compile_table
from gateway.convenant.model import Convenant
from gateway.convenant.question import Builtin, Decision, Question, Verdict
from gateway.convenant.statements import SaidBy, Side, decisive, speaks_of, speaks_to
from gateway.domain import ConsentEffect, ConsentFact, HouseholdFacts, InvolvementFact, PartnerKind, Subject
from gateway.errors import NotPermitted

MOST_TABLES = 512
"""Tables kept, of some 25 kB each: the roles, mandates and purposes in use on a day. Beyond it all start anew."""


class Engine:
    """The decisions of one convenant. They follow from the arguments alone: no clock, no I/O, nothing remembered
    but tables that could be made again.
    """

    __slots__ = ("_convenant", "_tables")

    def __init__(self, convenant: Convenant) -> None:
        """Keep the convenant; a table is compiled when an asker first needs it on a day."""
        self._convenant = convenant
        self._tables: dict[AskerOnDay, Table] = {}

    @property
    def convenant(self) -> Convenant:
        """The convenant that decides."""
        return self._convenant

    def check_asker(self, *, kind: PartnerKind, role: str, mandate: str, purpose: str | None) -> None:
        """Return if the convenant knows this asker. Speaks only of what the asker knows of itself.

        `purpose` is None for a call that has none: one that shows nobody anything.

        Raises:
            NotPermitted: UNKNOWN_KIND, UNKNOWN_PURPOSE, UNKNOWN_ROLE or UNKNOWN_MANDATE.

        """
        terms = self._convenant.kinds.get(kind)
        if terms is None:
            raise NotPermitted("UNKNOWN_KIND", "the convenant has no terms for this kind of partner")
        if purpose is not None and purpose not in self._convenant.purposes:
            raise NotPermitted("UNKNOWN_PURPOSE", "purpose: the convenant does not have this purpose")
        if role not in terms.roles:
            raise NotPermitted(
                "UNKNOWN_ROLE", "professional.role: the convenant does not give this kind this role"
            )
        if mandate not in self._convenant.mandates:
            raise NotPermitted(
                "UNKNOWN_MANDATE", "professional.mandate: the convenant does not have this mandate"
            )

    def decide(self, question: Question, facts: HouseholdFacts, *, on: date) -> Decision:
        """Return for every involvement whether it may be shown, by which rule and on which ground.

        Forbid beats permit, empty denies, unknown denies. The verdicts stand in the order of the facts; none
        depends on another involvement, except that the asker's own make it an involved asker.
        """
        table = self._table(question, facts, on)
        if table.whole is not None:
            verdicts = tuple(_withheld(fact, table.whole) for fact in facts.involvements)
        else:
            case = _Case(self._convenant, table, question, facts, on)
            verdicts = tuple(case.verdict(fact) for fact in facts.involvements)
        return Decision(verdicts=verdicts, withheld_whole=table.whole, convenant=self._convenant.identity)

    def _table(self, question: Question, facts: HouseholdFacts, on: date) -> Table:
        asker = AskerOnDay(
            on=on,
            kind=question.asker_kind,
            role=question.role,
            mandate=question.mandate,
            purpose=question.purpose,
            is_involved=any(
                fact.partner == question.asker and fact.is_current(on) for fact in facts.involvements
            ),
            break_glass=question.break_glass,
        )
        table = self._tables.get(asker)
        if table is None:
            if len(self._tables) >= MOST_TABLES:
                self._tables.clear()
            table = self._tables[asker] = compile_table(self._convenant, asker)
        return table


class _Case:
    """One question about one household, under the table of its asker."""

    __slots__ = ("_asker", "_by_person", "_convenant", "_facts", "_on", "_question", "_said", "_table")

    def __init__(
        self, convenant: Convenant, table: Table, question: Question, facts: HouseholdFacts, on: date
    ) -> None:
        self._convenant = convenant
        self._table = table
        self._question = question
        self._facts = facts
        self._on = on
        self._asker = Side(question.asker_kind, question.asker)
        self._said: Sequence[tuple[SaidBy, Sequence[ConsentFact]]] | None = None
        self._by_person: dict[Subject, list[ConsentFact]] = {}

    def verdict(self, fact: InvolvementFact) -> Verdict:
        """Return the verdict about one involvement."""
        cell = self._cell(fact)
        if isinstance(cell, Builtin):
            return _withheld(fact, cell)
        # 4. A prohibition wins.
        if cell.prohibition is not None:
            return Verdict(involvement=fact, shown=False, rule=cell.prohibition)
        # 5. The first permission that counts shows it.
        by_permission = self._by_permission(cell, fact)
        if by_permission.shown or cell.emergency is None:
            return by_permission
        # 6. A declared emergency shows what is left. It needs no consent, so an objection does not stop it.
        return Verdict(involvement=fact, shown=True, rule=Builtin.BREAK_GLASS.value, basis=cell.emergency)

    def _cell(self, fact: InvolvementFact) -> Cell | Builtin:
        """Return what may decide about an involvement, or why nothing can show it."""
        # 1. What the asker knows already.
        if fact.partner == self._question.asker:
            return Builtin.OWN
        # 2. What is no longer so, and what is shielded, shows to nobody.
        if not fact.is_current(self._on):
            return Builtin.NO_RULE
        if fact.shielded:
            return Builtin.SHIELDED
        # 3. A holder that is not a partner (any more), or of a kind without terms, is withheld.
        kind = self._facts.kinds.get(fact.partner)
        cell = None if kind is None else self._table.cells.get((kind, fact.secrecy))
        return Builtin.UNKNOWN_PARTNER if cell is None else cell

    def _by_permission(self, cell: Cell, fact: InvolvementFact) -> Verdict:
        """Return what the permissions say; the statement is the same for each that needs consent."""
        withheld = None
        for permission in cell.permissions:
            if not permission.needs_consent:
                return _shown(fact, permission)
            if withheld is None:
                statement = self._statement(fact)
                if statement is not None and statement.effect is ConsentEffect.PERMIT:
                    return _shown(fact, permission, statement)
                withheld = _not_consented(fact, statement)
        return withheld or _withheld(fact, cell.obstacle)

    def _statement(self, fact: InvolvementFact) -> ConsentFact | None:
        """Return what decides of what was said about this holder, by the person whose involvement it is."""
        holder = Side(self._facts.kinds[fact.partner], fact.partner)
        fitting = [one for one in self._said_by(fact.subject) if speaks_of(one, holder)]
        return decisive(fitting, asker=self._question.asker)

    def _said_by(self, person: Subject) -> Sequence[ConsentFact]:
        """Return the statements of one person and of nobody else in the household; once, as comparing is dear."""
        found = self._by_person.get(person)
        if found is None:
            if self._said is None:
                self._said = self._all_said()
            found = self._by_person[person] = [
                one for who, said in self._said if who.is_about(person) for one in said
            ]
        return found

    def _all_said(self) -> Sequence[tuple[SaidBy, Sequence[ConsentFact]]]:
        """Return the statements that count, put together by who made them."""
        together: dict[tuple[Subject, ConsentEffect], list[ConsentFact]] = {}
        for one in filter(self._counts, self._facts.consents):
            together.setdefault((one.subject, one.effect), []).append(one)
        return [(SaidBy.of(who, effect, self._facts), said) for (who, effect), said in together.items()]

    def _counts(self, one: ConsentFact) -> bool:
        """Tell whether a statement is about this asker and purpose, holds today, and was recorded by who may.

        An objection counts from anyone, also from a partner that is gone: to withhold needs no mandate.
        """
        return (
            speaks_to(one, self._asker, self._question.purpose)
            and one.is_current(self._on)
            and (
                one.effect is ConsentEffect.OBJECT
                or self._facts.kinds.get(one.partner) in self._convenant.consent_recorders
            )
        )


def _shown(fact: InvolvementFact, permission: Permission, consent: ConsentFact | None = None) -> Verdict:
    return Verdict(
        involvement=fact, shown=True, rule=permission.rule, basis=permission.basis, consent=consent
    )


def _not_consented(fact: InvolvementFact, objection: ConsentFact | None) -> Verdict:
    reason = Builtin.NO_CONSENT if objection is None else Builtin.OBJECTION
    return Verdict(involvement=fact, shown=False, rule=reason.value, consent=objection)


def _withheld(fact: InvolvementFact, reason: Builtin) -> Verdict:
    return Verdict(involvement=fact, shown=False, rule=reason.value)
