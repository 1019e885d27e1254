"""The mistakes that are made: which other node may stand in a node's place."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clawver_orders.refunds.machine import State

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
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
_REGULAR: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Mod: ast.Mult,
    ast.FloorDiv: ast.Mult,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
# A call of one of these may be left out: its first argument, or what it is a method of, stands in its place.
_LEFT_OUT = {"sorted", "reversed", "abs", "strip", "clean", "quoted", "mask_email", "normalize", "_capped"}
_SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|CREATE|PRAGMA|BEGIN)\b")
_IN_SQL = (
    (r">=", ">"),
    (r" = ", " <> "),
    (r"\bAND\b", "OR"),
    (r"\bOR\b", "AND"),
    (r" DESC\b", ""),
    (r"\bUNIQUE ", ""),
    (r" PRIMARY KEY\b", ""),
    (r"\bORDER BY [a-z_, ]+[a-z]", ""),
    (r"\bBEFORE DELETE\b", "BEFORE INSERT"),
    (r"\bBEFORE UPDATE\b", "BEFORE INSERT"),
    (r"\bIMMEDIATE\b", "DEFERRED"),
    (r"\bEXTRA\b", "OFF"),
    (r"\bTRUNCATE\b", "WAL"),
)
_NUMBER = r"\b\d+\b"
# Types are mypy's, and what a decorator or a class says at its head is the language's.
_NOT_LOOKED_INTO = {"annotation", "returns", "decorator_list", "bases"}


@dataclass(frozen=True)
class Mistake:
    """One mistake in one module.

    Attributes:
        module: The path below the package, such as ``refunds/machine.py``.
        where: The function or the name it is in.
        what: The code as it is and as it becomes.
        lines: The statement it is in; not part of its name.
        at_import: Whether it shows when the module is imported, and not only when a function is called.
        make: Makes it in the module's tree.
        tree: That tree; one for all mistakes of a module, so make only one.
    """

    module: str
    where: str
    what: str
    lines: range
    at_import: bool
    make: Callable[[], None]
    tree: ast.Module

    @property
    def name(self) -> str:
        """What stays the same while the lines around it move."""
        return f"{self.module} {self.where}: {self.what}"


def mistakes(package: Path, module: str) -> list[Mistake]:
    """All mistakes that are made in a module, in the order of its lines; each name is there once."""
    tree = ast.parse((package / module).read_text(encoding="utf-8"))
    found: list[Mistake] = []
    seen: dict[str, int] = {}
    for spot, old, new, make in _of(tree, _Spot()):
        what = f"{_code(old)} -> {_code(new)}"
        seen[spot.where + what] = count = seen.get(spot.where + what, 0) + 1
        what += f" ({count})" if count > 1 else ""
        found.append(Mistake(module, spot.where, what, spot.lines, not spot.in_body, make, tree))
    return found


@dataclass(frozen=True)
class _Spot:
    where: str = ""
    lines: range = range(0)
    in_body: bool = False

    def inside(self, node: ast.AST, field: str, parent: ast.AST) -> "_Spot":
        """The same for what stands in a field of a node."""
        functions = ast.FunctionDef | ast.AsyncFunctionDef
        in_body = self.in_body or (field == "body" and isinstance(parent, functions))
        where, lines = self.where, self.lines
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                where = f"{where}.{name}" if where else name
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]) if not where:
                where = name
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            lines = range(node.lineno, max(end, node.lineno) + 1)
        return _Spot(where, lines, in_body)


def _of(node: ast.AST, spot: _Spot) -> Iterator[tuple[_Spot, ast.AST, ast.AST | None, Callable[[], None]]]:
    for field, value in ast.iter_fields(node):
        if field in _NOT_LOOKED_INTO or (field == "keywords" and isinstance(node, ast.ClassDef)):
            continue
        children = value if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            if not isinstance(child, ast.AST) or _is_docstring(child) or _is_typing(child):
                continue
            inside = spot.inside(child, field, node)
            for new in _instead(child):
                yield inside, child, new, _putter(node, field, value, index, new)
            if isinstance(value, list) and _may_be_dropped(node, field, child):
                yield inside, child, None, _dropper(node, field, index)
            yield from _of(child, inside)


def _putter(node: ast.AST, field: str, value: object, index: int, new: ast.AST) -> Callable[[], None]:
    def put() -> None:
        if isinstance(value, list):
            value[index] = new
        else:
            setattr(node, field, new)

    return put


def _dropper(node: ast.AST, field: str, index: int) -> Callable[[], None]:
    def drop() -> None:
        del getattr(node, field)[index]
        if isinstance(node, ast.Dict):
            del node.values[index]

    return drop


def _may_be_dropped(node: ast.AST, field: str, child: ast.AST) -> bool:
    match node:
        case ast.Call():
            return field == "keywords" and isinstance(child, ast.keyword) and child.arg is not None
        case ast.Match():
            return field == "cases"
        case ast.comprehension():
            return field == "ifs"
        case ast.Dict():
            # Another key is as good as none: constants are changed, and not dropped as well.
            return field == "keys" and not isinstance(child, ast.Constant)
        case ast.Set() | ast.Tuple() | ast.List():
            return not isinstance(child, ast.Constant) and len(node.elts) > 1 and isinstance(child, ast.expr)
        case ast.JoinedStr():
            return isinstance(child, ast.FormattedValue)
        case ast.BoolOp():
            return field == "values" and len(node.values) > 2
        case _:
            return False


def _instead(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare():
            for index, op in enumerate(node.ops):
                for other in _COMPARED[type(op)]:
                    ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]
                    yield ast.Compare(node.left, ops, node.comparators)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            if len(node.values) == 2:
                yield from node.values
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.BinOp() if type(node.op) in _REGULAR:
            yield ast.BinOp(node.left, _REGULAR[type(node.op)](), node.right)
        case ast.AugAssign() if type(node.op) in _REGULAR:
            yield ast.AugAssign(node.target, _REGULAR[type(node.op)](), node.value)
            yield ast.Pass()
        case ast.IfExp():
            yield node.body
            yield node.orelse
        case ast.If() | ast.While() if not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield type(node)(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.Constant():
            yield from (ast.Constant(value) for value in _other_values(node.value))
        case ast.Attribute(value=ast.Name(id="State")) if node.attr in State.__members__:
            states = list(State.__members__)
            following = states[(states.index(node.attr) + 1) % len(states)]
            yield ast.Attribute(node.value, following, node.ctx)
        case ast.Call():
            yield from _other_calls(node)
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Return() if node.value is not None and not _is_none(node.value):
            yield ast.Return(ast.Constant(None))


def _other_calls(node: ast.Call) -> Iterator[ast.AST]:
    match node.func:
        case ast.Name(id=name) if name in _NAMES:
            yield ast.Call(ast.Name(_NAMES[name], ast.Load()), node.args, node.keywords)
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in _LEFT_OUT:
            if node.args:
                yield node.args[-1] if name == "normalize" else node.args[0]
            elif isinstance(node.func, ast.Attribute):
                yield node.func.value
        case ast.Attribute(attr="compile"):
            (pattern, *rest) = node.args
            if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str):
                for text in _at_each(r"(?<=[{,])\d+(?=[},])|(?<=-)\d(?=\])", pattern.value, _one_more):
                    yield ast.Call(node.func, [ast.Constant(text), *rest], node.keywords)


def _other_values(value: object) -> Iterator[str | float]:
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
            yield value - 1
        case str():
            yield "" if value == "XX" else "XX"
            if _SQL.match(value):
                for pattern, new in _IN_SQL:
                    yield from _at_each(pattern, value, lambda _, new=new: new)  # type: ignore[misc]
                yield from _at_each(_NUMBER, value, _one_more)


def _at_each(pattern: str, text: str, new: Callable[[str], str]) -> Iterator[str]:
    """The text with each match of a pattern replaced, one at a time."""
    for match in re.finditer(pattern, text):
        yield text[: match.start()] + new(match[0]) + text[match.end() :]


def _one_more(digits: str) -> str:
    return str(int(digits) + 1)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_typing(node: ast.AST) -> bool:
    """What only a type checker reads."""
    match node:
        case ast.ClassDef(bases=[ast.Name(id="Protocol")]):
            return True
        case ast.Call(func=ast.Name(id="TypeVar")) | ast.Assign(value=ast.Subscript(value=ast.Name())):
            return True
        case _:
            return False


def _code(node: ast.AST | None) -> str:
    if node is None:
        return "nothing"
    text = re.sub(r"\s+", " ", ast.unparse(ast.fix_missing_locations(node)))
    return text if len(text) <= 110 else f"{text[:70]} … {text[-37:]}"
