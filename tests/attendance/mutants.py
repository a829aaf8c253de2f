"""Small wrongs done to a module's source, one at a time. Public surface: ``Mutant``, ``mutants_of``.

Comparisons and arithmetic are changed, integers moved by one, conditions negated, statements and
results removed. Annotations, decorators, docstrings and texts are left alone: they decide nothing.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["Mutant", "mutants_of"]

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
}
REMOVABLE = (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break)

Change = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    module: str
    line: int
    source: str
    change: str
    tree: ast.Module

    @property
    def name(self) -> tuple[str, str, str]:
        """How the list of equivalent mutants knows it; line numbers move, this does not."""
        return self.module, self.source, self.change


def mutants_of(module: str, text: str) -> Iterator[Mutant]:
    lines = text.splitlines()
    count = len(list(_changes(ast.parse(text))))
    for n in range(count):
        tree = copy.deepcopy(ast.parse(text))
        node, what, change = list(_changes(tree))[n]
        change()
        ast.fix_missing_locations(tree)
        yield Mutant(module, node.lineno, lines[node.lineno - 1].strip(), what, tree)


def _changes(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str, Change]]:
    """Every place and what can be done to it, in a fixed order; nothing is done yet."""
    for node in list(_code(tree)):
        if isinstance(node, ast.Compare):
            yield from _of_comparison(node)
        elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in ARITHMETIC:
            other = ARITHMETIC[type(node.op)]
            yield node, f"{_word(node.op)} -> {other.__name__}", _set(node, "op", other())
        elif isinstance(node, ast.BoolOp):
            swapped = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield node, f"{_word(node.op)} -> {swapped.__name__}", _set(node, "op", swapped())
        elif isinstance(node, ast.Constant):
            yield from _of_constant(node)
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            negated = ast.UnaryOp(ast.Not(), node.test)
            yield node, "condition negated", _set(node, "test", negated)
        for field in ("body", "orelse"):
            yield from _of_block(getattr(node, field, None))
    yield from _of_block(tree.body)


def _of_comparison(node: ast.Compare) -> Iterator[tuple[ast.expr, str, Change]]:
    for n, op in enumerate(node.ops):
        for other in COMPARISONS[type(op)]:
            ops = [*node.ops[:n], other(), *node.ops[n + 1 :]]
            yield node, f"{_word(op)} -> {other.__name__}", _set(node, "ops", ops)


def _of_constant(node: ast.Constant) -> Iterator[tuple[ast.expr, str, Change]]:
    if isinstance(node.value, bool):
        yield node, f"{node.value} -> {not node.value}", _set(node, "value", not node.value)
    elif isinstance(node.value, int):
        for other in (node.value + 1, node.value - 1):
            yield node, f"{node.value} -> {other}", _set(node, "value", other)


def _of_block(block: object) -> Iterator[tuple[ast.stmt, str, Change]]:
    if not isinstance(block, list):
        return
    for n, statement in enumerate(block):
        if isinstance(statement, ast.Return) and statement.value is not None:
            # None in place of False is the same in every condition.
            if not (isinstance(statement.value, ast.Constant) and not statement.value.value):
                yield statement, "returns None", _set(statement, "value", None)
        elif isinstance(statement, REMOVABLE) or _sets_a_part(statement):
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                continue
            yield statement, "removed", _replace(block, n)


def _sets_a_part(statement: object) -> bool:
    """An assignment to ``self.x`` or ``x[y]``; of a plain name its absence would only crash."""
    return isinstance(statement, ast.Assign) and not isinstance(statement.targets[0], ast.Name)


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """Everything that is run, without annotations and docstrings."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list"} or _is_declaration(value):
            continue
        children = value if isinstance(value, list) else [value]
        for child in children:
            if isinstance(child, ast.AST):
                yield child
                yield from _code(child)


def _is_declaration(value: object) -> bool:
    """``field(…)`` of a dataclass: how it is printed and compared."""
    return isinstance(value, ast.Call) and getattr(value.func, "id", "") == "field"


def _set(node: ast.AST, field: str, value: object) -> Change:
    return lambda: setattr(node, field, value)


def _replace(block: list[ast.stmt], n: int) -> Change:
    return lambda: block.__setitem__(n, ast.Pass())


def _word(op: ast.AST) -> str:
    return type(op).__name__
