"""Linear document limits, counted before validation: every fragment is measured once, however often it is spread."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)

from api.http.errors import Code, RequestRefused
from api.settings import Limits

UNCOUNTED_IN_DEPTH = frozenset({"edges", "node"})
# Counts above every limit are all alike; without a cap nested spreads would grow numbers of thousands of digits.
PLENTY = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a document asks for once fragments are expanded; depth is levels of fields without edges and node."""

    depth: int = 0
    levels: int = 0
    selections: int = 0
    aliases: int = 0
    directives: int = 0
    root_fields: int = 0
    introspects: frozenset[str] = frozenset()


@dataclass(kw_only=True)
class _Tally:
    """Counts of one definition without the fragments it spreads; `spreads` holds (name, depth, levels, at the root)."""

    depth: int = 0
    levels: int = 0
    selections: int = 0
    aliases: int = 0
    directives: int = 0
    root_fields: int = 0
    introspects: frozenset[str] = frozenset()
    spreads: list[tuple[str, int, int, bool]] = field(default_factory=list[tuple[str, int, int, bool]])

    def frozen(self) -> Shape:
        return Shape(**{name: min(PLENTY, getattr(self, name)) for name in _COUNTS}, introspects=self.introspects)


_COUNTS = ("depth", "levels", "selections", "aliases", "directives", "root_fields")


def parse_document(text: str, limits: Limits) -> DocumentNode:
    """The parsed document.

    Refuses: DOCUMENT_TOO_LONG, DOCUMENT_TOO_DEEP (nesting that the parser itself cannot follow), and DOCUMENT_MALFORMED
    for a syntax error.
    """
    if len(text.encode()) > limits.document_bytes_max:
        raise RequestRefused(Code.DOCUMENT_TOO_LONG, f"The document is longer than {limits.document_bytes_max} bytes.")
    try:
        return parse(text, max_tokens=limits.document_tokens_max)
    except GraphQLSyntaxError as error:
        if "Document contains more than" in error.message:
            message = f"The document has more than {limits.document_tokens_max} tokens."
            raise RequestRefused(Code.DOCUMENT_TOO_LONG, message) from None
        if "nested too deeply" in error.message:
            raise RequestRefused(Code.DOCUMENT_TOO_DEEP) from None
        raise
    except RecursionError:
        raise RequestRefused(Code.DOCUMENT_TOO_DEEP) from None


def check_shape(document: DocumentNode, limits: Limits) -> Shape:
    """The shape of the whole document (all operations and unused fragments), when every limit holds.

    Refuses: FRAGMENT_CYCLE, DOCUMENT_TOO_DEEP, DOCUMENT_TOO_WIDE, TOO_MANY_ALIASES, TOO_MANY_DIRECTIVES,
    TOO_MANY_ROOT_FIELDS, ONE_MUTATION_AT_A_TIME.
    """
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    shapes = measure(document)
    for operation, shape in zip(operations, shapes, strict=False):
        if shape.root_fields > limits.document_root_fields_max:
            raise _over(Code.TOO_MANY_ROOT_FIELDS, shape.root_fields, limits.document_root_fields_max)
        if operation.operation is OperationType.MUTATION and shape.root_fields > 1:
            raise _over(Code.ONE_MUTATION_AT_A_TIME, shape.root_fields, 1)
    whole = _sum(shapes)
    for code, found, most in (
        (Code.DOCUMENT_TOO_DEEP, whole.depth, limits.document_depth_max),
        # A connection adds edges and node to one counted level; more would only exhaust the executor's stack.
        (Code.DOCUMENT_TOO_DEEP, whole.levels, 3 * limits.document_depth_max),
        (Code.DOCUMENT_TOO_WIDE, whole.selections, limits.document_selections_max),
        (Code.TOO_MANY_ALIASES, whole.aliases, limits.document_aliases_max),
        (Code.TOO_MANY_DIRECTIVES, whole.directives, limits.document_directives_max),
    ):
        if found > most:
            raise _over(code, found, most)
    return whole


def measure(document: DocumentNode) -> list[Shape]:
    """The shapes of the operations in order, then of every fragment that no operation reaches.

    Refuses: FRAGMENT_CYCLE.
    """
    fragments = {
        node.name.value: _tally(node) for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    shapes: dict[str, Shape] = {}
    for name in _leaves_first(fragments):
        shapes[name] = _expand(fragments[name], shapes)
    operations = [_tally(node) for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    spread = {name for tally in (*operations, *fragments.values()) for name, *_ in tally.spreads}
    unused = [shape for name, shape in shapes.items() if name not in spread]
    return [_expand(tally, shapes) for tally in operations] + unused


def _tally(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Tally:
    tally = _Tally(directives=len(definition.directives or ()))
    for variable in getattr(definition, "variable_definitions", None) or ():
        tally.directives += len(variable.directives or ())
    waiting: list[tuple[SelectionSetNode, int, int, bool]] = [(definition.selection_set, 0, 0, True)]
    while waiting:
        selection_set, depth, levels, at_root = waiting.pop()
        for node in selection_set.selections:
            tally.selections += 1
            tally.directives += len(node.directives or ())
            if isinstance(node, FragmentSpreadNode):
                tally.spreads.append((node.name.value, depth, levels, at_root))
                continue
            if isinstance(node, InlineFragmentNode):
                waiting.append((node.selection_set, depth, levels, at_root))
            elif isinstance(node, FieldNode):
                inside = _tally_field(tally, node, depth, at_root)
                tally.levels = max(tally.levels, levels + 1)
                if node.selection_set:
                    waiting.append((node.selection_set, inside, levels + 1, False))
    return tally


def _tally_field(tally: _Tally, node: FieldNode, depth: int, at_root: bool) -> int:
    name = node.name.value
    if node.alias:
        tally.aliases += 1
    if at_root and name != "__typename":
        tally.root_fields += 1
    if name in ("__schema", "__type"):
        tally.introspects |= {name}
    level = depth if name in UNCOUNTED_IN_DEPTH else depth + 1
    tally.depth = max(tally.depth, level)
    return level


def _expand(tally: _Tally, shapes: dict[str, Shape]) -> Shape:
    whole = _Tally(**{name: getattr(tally, name) for name in _COUNTS}, introspects=tally.introspects)
    for name, depth, levels, at_root in tally.spreads:
        shape = shapes.get(name)
        if shape is None:
            continue  # an unknown fragment: validation names it
        whole.depth = max(whole.depth, depth + shape.depth)
        whole.levels = max(whole.levels, levels + shape.levels)
        whole.selections += shape.selections
        whole.aliases += shape.aliases
        whole.directives += shape.directives
        whole.introspects |= shape.introspects
        if at_root:
            whole.root_fields += shape.root_fields
    return whole.frozen()


def _leaves_first(fragments: dict[str, _Tally]) -> Iterator[str]:
    """Fragment names such that each comes after all it spreads; iterative, for chains longer than Python's stack."""
    done: set[str] = set()
    open_names: set[str] = set()
    for start in fragments:
        path: list[tuple[str, Iterator[str]]] = []
        if start not in done:
            path.append((start, _spread_names(fragments[start])))
            open_names.add(start)
        while path:
            name, rest = path[-1]
            following = next((each for each in rest if each in fragments and each not in done), None)
            if following is None:
                path.pop()
                open_names.discard(name)
                done.add(name)
                yield name
            elif following in open_names:
                raise RequestRefused(Code.FRAGMENT_CYCLE, f"Fragment {following[:60]} contains itself.")
            else:
                path.append((following, _spread_names(fragments[following])))
                open_names.add(following)


def _spread_names(tally: _Tally) -> Iterator[str]:
    return iter(dict.fromkeys(name for name, *_ in tally.spreads))


def _sum(shapes: Iterable[Shape]) -> Shape:
    whole = _Tally()
    for shape in shapes:
        for name in ("selections", "aliases", "directives"):
            setattr(whole, name, getattr(whole, name) + getattr(shape, name))
        whole.depth = max(whole.depth, shape.depth)
        whole.levels = max(whole.levels, shape.levels)
        whole.introspects |= shape.introspects
    return whole.frozen()


def _over(code: Code, found: int, most: int) -> RequestRefused:
    counted = f"{found} found, {most} allowed" if found < PLENTY else f"{most} allowed"
    error = RequestRefused(code)
    return RequestRefused(code, f"{error.message.rstrip('.')}: {counted}.")
