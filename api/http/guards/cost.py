"""Cost of an operation: field costs times page sizes, compiled once per document and summed once per request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_input_object_type,
)

from api.http.errors import Code, RequestRefused
from api.http.guards.json import every_part
from api.settings import Limits

PAGE_ARGUMENTS = frozenset({"first", "last"})
OBJECT_COST = 2
SCALAR_COST = 1


@dataclass(frozen=True, kw_only=True)
class FieldCost:
    """What one field costs where the rule misjudges it; `size` replaces every multiplier of page and list arguments."""

    own: int | None = None
    size: int | None = None


Overrides = Mapping[str, FieldCost]
BATCH = FieldCost(own=10, size=1)


def batch_costs(schema: GraphQLSchema) -> Overrides:
    """The cost of every mutation whose input holds a list: a batch is one transaction, written as a set.

    Its items are bounded in number and bytes, and do not multiply what is selected of the answer.
    """
    root = schema.mutation_type
    if root is None:
        return {}
    return {
        f"{root.name}.{name}": BATCH
        for name, definition in root.fields.items()
        for argument in definition.args.values()
        if is_input_object_type(kind := get_named_type(argument.type))
        and any(_is_list(member.type) for member in kind.fields.values())
    }


@dataclass(frozen=True, kw_only=True)
class CostNode:
    """One field: `own`, times `size` and the sizes of `variables` (name → default) for itself and what is below."""

    own: int
    size: int
    pages: tuple[tuple[str, int], ...] = ()
    lists: tuple[str, ...] = ()
    children: tuple["CostNode", ...] = ()

    def total(self, variables: Mapping[str, Any]) -> int:
        """The cost with these variables; counts only, whatever the variables hold."""
        size = self.size
        for name, default in self.pages:
            value = variables.get(name, default)
            size *= max(1, value) if isinstance(value, int) else default
        for name in self.lists:
            size *= _longest(variables.get(name))
        return size * (self.own + sum(child.total(variables) for child in self.children))


def compile_cost(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    *,
    limits: Limits,
    overrides: Overrides,
) -> CostNode:
    """The cost tree of a *validated* operation; introspection fields cost nothing.

    Refuses: PAGE_TOO_LARGE for a literal page argument over the limit.
    """
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    walk = _Walk(schema=schema, fragments=fragments, limits=limits, overrides=overrides, defaults=_defaults(operation))
    root = schema.get_root_type(operation.operation)
    children = walk.below(root, operation.selection_set) if root else ()
    return CostNode(own=0, size=1, children=children)


def check_cost(cost: CostNode, variables: Mapping[str, Any], limits: Limits) -> int:
    """The cost of this request.

    Refuses: PAGE_TOO_LARGE for a page variable over the limit, COST_TOO_HIGH.
    """
    _check_pages(cost, variables, limits.page_size_max)
    total = cost.total(variables)
    if total > limits.cost_max:
        shown = str(total) if total < 10**9 else "over 1,000,000,000"
        raise RequestRefused(
            Code.COST_TOO_HIGH, f"The estimated cost is {shown}, {limits.cost_max} is allowed; ask for smaller pages."
        )
    return total


def _check_pages(node: CostNode, variables: Mapping[str, Any], most: int) -> None:
    for name, _ in node.pages:
        value = variables.get(name)
        if isinstance(value, int) and value > most:
            raise RequestRefused(Code.PAGE_TOO_LARGE, f"A page holds {most} items at most.")
    for child in node.children:
        _check_pages(child, variables, most)


@dataclass(frozen=True, kw_only=True)
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    limits: Limits
    overrides: Overrides
    defaults: Mapping[str, ValueNode]

    def below(self, parent: Any, selection_set: SelectionSetNode) -> tuple[CostNode, ...]:
        nodes: list[CostNode] = []
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                if cost := self.field(parent, node):
                    nodes.append(cost)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                nodes.extend(self.below(self._type(fragment.type_condition.name.value), fragment.selection_set))
            elif isinstance(node, InlineFragmentNode):
                target = self._type(node.type_condition.name.value) if node.type_condition else parent
                nodes.extend(self.below(target, node.selection_set))
        return tuple(nodes)

    def field(self, parent: Any, node: FieldNode) -> CostNode | None:
        name = node.name.value
        if name.startswith("__") or not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return None
        definition = parent.fields[name]
        kind = cast("object", get_named_type(definition.type))
        override = self.overrides.get(f"{parent.name}.{name}", FieldCost())
        usual = OBJECT_COST if is_composite_type(kind) else SCALAR_COST
        children = self.below(kind, node.selection_set) if node.selection_set else ()
        own = usual if override.own is None else override.own
        if override.size is not None:
            return CostNode(own=own, size=override.size, children=children)
        takes_pages = not PAGE_ARGUMENTS.isdisjoint(definition.args)
        size, pages, lists = self._sizes(node, takes_pages)
        # edges and nodes repeat as often as the page above them says; their own list type adds nothing.
        if _is_list(definition.type) and not takes_pages and name not in ("edges", "nodes"):
            size *= self.limits.list_size_assumed
        return CostNode(own=own, size=size, pages=pages, lists=lists, children=children)

    def _sizes(self, node: FieldNode, takes_pages: bool) -> tuple[int, tuple[tuple[str, int], ...], tuple[str, ...]]:
        size, pages, lists, paged = 1, list[tuple[str, int]](), list[str](), False
        for argument in node.arguments or ():
            value = argument.value
            if argument.name.value in PAGE_ARGUMENTS:
                paged = True
                if isinstance(value, VariableNode):
                    pages.append((value.name.value, self._default_page(value)))
                elif isinstance(value, IntValueNode):
                    size *= self._page(int(value.value))
                else:
                    size *= self.limits.page_size_default
            else:
                size *= _longest_literal(value, lists)
        if takes_pages and not paged:
            size *= self.limits.page_size_default
        return size, tuple(pages), tuple(lists)

    def _default_page(self, variable: VariableNode) -> int:
        default = self.defaults.get(variable.name.value)
        return self._page(int(default.value)) if isinstance(default, IntValueNode) else self.limits.page_size_default

    def _page(self, size: int) -> int:
        if size > self.limits.page_size_max:
            raise RequestRefused(Code.PAGE_TOO_LARGE, f"A page holds {self.limits.page_size_max} items at most.")
        return max(1, size)

    def _type(self, name: str) -> Any:
        return self.schema.type_map[name]


def _is_list(kind: object) -> bool:
    # A type prints as GraphQL writes it, with or without the final exclamation mark.
    return str(kind).startswith("[")


def _defaults(operation: OperationDefinitionNode) -> dict[str, ValueNode]:
    return {
        node.variable.name.value: node.default_value
        for node in operation.variable_definitions or ()
        if node.default_value is not None
    }


def _longest_literal(value: ValueNode, variables: list[str]) -> int:
    """The longest list inside a literal; variables met on the way are added to `variables`."""
    longest, waiting = 1, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, VariableNode):
            variables.append(item.name.value)
        elif isinstance(item, ListValueNode):
            longest = max(longest, len(item.values))
            waiting.extend(item.values)
        elif isinstance(item, ObjectValueNode):
            waiting.extend(each.value for each in item.fields)
    return longest


def _longest(value: object) -> int:
    """The longest list inside a variable's JSON, 1 where there is none."""
    return max(1, 1, *(len(cast("list[object]", item)) for item in every_part(value) if isinstance(item, list)))
