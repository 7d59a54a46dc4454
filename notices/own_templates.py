"""What a season's own words may do as a template: name values, choose, and repeat over a list.

Jinja's sandbox keeps a template from the program, not from its time and memory: one line can repeat a text a thousand
million times. Own words therefore take a small part of the language, in which the result grows with the words.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from jinja2 import TemplateError, nodes

from models.errors import BadInput

_TAKEN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Name, nodes.Const, nodes.List,
    nodes.Tuple, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.CondExpr, nodes.And, nodes.Or, nodes.Not, nodes.Compare,
    nodes.Operand, nodes.Test, nodes.Filter, nodes.Concat, nodes.Add, nodes.Sub, nodes.Neg, nodes.Pos,
)  # fmt: skip
_FILTERS = frozenset(
    [
        "instant",
        "deadline",
        "clock",
        "moment",
        "points",
        "join",
        "upper",
        "lower",
        "title",
        "capitalize",
        "trim",
        "length",
        "count",
        "first",
        "last",
        "default",
        "d",
        "sort",
        "unique",
        "round",
        "int",
        "float",
        "abs",
        "string",
        "list",
    ]
)
_SIGNS: dict[type[nodes.Node], str] = {
    nodes.Mul: "'*'", nodes.Pow: "'**'", nodes.Mod: "'%'", nodes.Div: "'/'", nodes.FloorDiv: "'//'",
    nodes.Call: "a call", nodes.Assign: "'set'", nodes.AssignBlock: "'set'", nodes.CallBlock: "'call'",
    nodes.FilterBlock: "'filter'", nodes.Dict: "a '{…}'",
}  # fmt: skip


def check(parse: Callable[[str], nodes.Template], source: str) -> None:
    """Raises BadInput where this is no template, or with the first thing in it that own words may not use."""
    try:
        found = next(_more(parse(source), frozenset()), None)
    except TemplateError as error:
        raise BadInput("notice.template", f"{error.message}.") from None
    except RecursionError:
        found = "brackets within brackets without end"
    if found is not None:
        raise BadInput(
            "notice.template",
            f"it uses {found}, which own words may not.",
            "Values, 'if', a 'for' over a list and filters such as join, upper or deadline are there.",
        )


def _more(node: nodes.Node, within: frozenset[str]) -> Iterator[str]:
    if not isinstance(node, _TAKEN):
        yield _SIGNS.get(type(node), f"'{type(node).__name__.lower()}'")
        return
    if isinstance(node, nodes.For):
        if node.recursive:
            yield "a recursive 'for'"
        within = yield from _into("for", within)
    if isinstance(node, nodes.Filter):
        if node.name not in _FILTERS:
            yield f"the filter '{node.name}'"
        if node.name == "join":
            within = yield from _into("join", within)
    for child in node.iter_child_nodes():
        yield from _more(child, within)


def _into(what: str, within: frozenset[str]) -> Generator[str, None, frozenset[str]]:
    """Each of these multiplies the length of what it is given: one of a kind, and the result stays in bounds."""
    if what in within:
        yield f"a '{what}' within a '{what}'"
    return within | {what}
