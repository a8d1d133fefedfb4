"""Hostile documents are refused before validation, in linear time, and each limit holds exactly at its edge."""

from typing import Any

import pytest
from graphql import get_introspection_query

from api.http.errors import RequestRefused
from api.http.guards.documents import check_shape, parse_document
from api.http.preparing import DocumentInvalid, Documents
from api.settings import Limits
from tests.graph.toy import Toy, serving, toy_schema


def deep(levels: int, name: str = "next") -> str:
    """A document `levels` fields deep, the root field included."""
    return "{ root " + f"{{ {name} " * (levels - 2) + "{ name }" + " }" * (levels - 1)


def wide(selections: int) -> str:
    """A document with exactly this many selections."""
    return "{ root { " + "name " * (selections - 1) + "} }"


def laughs(levels: int) -> str:
    """Fragments that each spread the next one twice."""
    rest = "".join(f"fragment F{n} on Node {{ ...F{n + 1} ...F{n + 1} }} " for n in range(levels))
    return f"{{ root {{ ...F0 }} }} {rest} fragment F{levels} on Node {{ name }}"


def chain(length: int) -> str:
    """Fragments that each spread the next one once."""
    rest = "".join(f"fragment F{n} on Node {{ ...F{n + 1} }} " for n in range(length))
    return f"{{ root {{ ...F0 }} }} {rest} fragment F{length} on Node {{ name }}"


def padded(text: str, size: int) -> str:
    """The document with a comment that makes it `size` bytes long."""
    return text + "#" + "x" * (size - len(text) - 1)


def aliases(count: int) -> str:
    return "{ root { " + " ".join(f"a{n}: name" for n in range(count)) + " } }"


def directives(count: int) -> str:
    return "{ root { " + " ".join("name @include(if: true)" for _ in range(count)) + " } }"


def roots(count: int) -> str:
    return "{ " + " ".join(f"r{n}: hello" for n in range(count)) + " }"


EDGES: list[tuple[str, str, str, str]] = [
    ("depth", deep(16), deep(17), "DOCUMENT_TOO_DEEP"),
    ("selections", wide(600), wide(601), "DOCUMENT_TOO_WIDE"),
    ("expanded selections", laughs(6), laughs(9), "DOCUMENT_TOO_WIDE"),
    ("aliases", aliases(30), aliases(31), "TOO_MANY_ALIASES"),
    ("directives", directives(20), directives(21), "TOO_MANY_DIRECTIVES"),
    ("root fields", roots(10), roots(11), "TOO_MANY_ROOT_FIELDS"),
    ("bytes", padded("{ hello }", 32_768), padded("{ hello }", 32_769), "DOCUMENT_TOO_LONG"),
    ("tokens", "{ items(ids: [" + "1 " * 1_991 + "]) }", "{ items(ids: [" + "1 " * 1_992 + "]) }", "DOCUMENT_TOO_LONG"),
    ("a mutation", 'mutation { echo(text: "a") }', 'mutation { a: echo(text: "a") echo(text: "b") }', "ONE_MUTATION"),
    ("literal page", "{root{page(first:100){name}}}", "{root{page(first:101){name}}}", "PAGE_TOO_LARGE"),
]


@pytest.mark.parametrize(("within", "over", "code"), [row[1:] for row in EDGES], ids=[row[0] for row in EDGES])
def test_a_document_at_the_limit_passes_and_one_over_is_refused(within: str, over: str, code: str) -> None:
    with serving(cost_max=1_000_000) as toy:
        assert "errors" not in toy.ask(within).json()
        refused = toy.ask(over)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["extensions"]["code"].startswith(code)


def test_edges_and_node_do_not_count_as_depth(production: Toy) -> None:
    inner = "{ name }"
    for _ in range(15):
        inner = "{ edges { node " + inner + " } }"
    assert production.ask("{ root " + inner + " }").status_code == 200


def test_depth_is_counted_through_fragments() -> None:
    limits = Limits()
    text = "{ root { ...A } } fragment A on Node { next { ...B } } fragment B on Node { next { name } }"
    assert check_shape(parse_document(text, limits), limits).depth == 4


def test_counts_are_those_of_the_expanded_document() -> None:
    limits = Limits()
    text = (
        "query @skip(if: false) { ...R } fragment R on Query { a: root { ...N ...N } } fragment N on Node { b: name }"
    )
    shape = check_shape(parse_document(text, limits), limits)
    # ...R, a, two ...N, two b
    assert (shape.selections, shape.aliases, shape.directives, shape.depth) == (6, 3, 1, 2)


BOMBS: list[tuple[str, str, str]] = [
    *[(f"{levels} laughs", laughs(levels), "DOCUMENT_TOO_WIDE") for levels in (10, 16, 60, 150)],
    ("chain longer than the stack", chain(240), "DOCUMENT_INVALID|DOCUMENT_TOO_DEEP"),
    ("cycle of one", "{ root { ...A } } fragment A on Node { name ...A }", "FRAGMENT_CYCLE"),
    ("cycle of two", "{root{...A}} fragment A on Node{next{...B}} fragment B on Node{...A}", "FRAGMENT_CYCLE"),
    ("cycle that nothing uses", "{hello} fragment A on Node{...B} fragment B on Node{...A}", "FRAGMENT_CYCLE"),
    ("900 equal fields", "{ " + "hello " * 900 + "}", "TOO_MANY_ROOT_FIELDS"),
    ("900 equal fields below", "{ root { " + "name " * 900 + "} }", "DOCUMENT_TOO_WIDE"),
    ("1,000 aliases", "{ root { " + " ".join(f"a{n}:name" for n in range(480)) + "} }", "TOO_MANY_ALIASES"),
    ("900 directives", "{ hello " + "@skip " * 900 + "}", "TOO_MANY_DIRECTIVES"),
    ("variable directives", "query(" + "$a:Int @x " * 300 + "){hello}", "TOO_MANY_DIRECTIVES"),
    ("nesting beyond the parser", "{a" * 900 + "}" * 900, "DOCUMENT_TOO_DEEP"),
    ("inline fragments", "{root" + "{..." * 190 + "{name}" + "}" * 191, "None|DOCUMENT"),
    (
        "chain of inline fragments",
        chain(150)
        .replace("on Node { ...F", "on Node { ... { ...F")
        .replace(" } fragment", " } } fragment")
        .replace("{ root { ...F0 } } }", "{ root { ...F0 } }"),
        "DOCUMENT",
    ),
    ("edges without end", "{root" + "{edges{node" * 90 + "{name}" + "}}" * 90 + "}", "DOCUMENT_TOO_DEEP"),
    ("unclosed nesting", "{a" * 900, "DOCUMENT_TOO_DEEP"),
    ("deep list literal", "{ items(ids: " + "[" * 900 + "]" * 900 + ") }", "DOCUMENT_TOO_DEEP"),
    ("deep type", "query($a:" + "[" * 900 + "Int" + "]" * 900 + "){hello}", "DOCUMENT_TOO_DEEP"),
    ("many operations", "".join(f"query Q{n} {{ root {{ name }} }} " for n in range(250)), "DOCUMENT_TOO_WIDE|"),
    ("many unused fragments", "{hello}" + "".join(f"fragment F{n} on Node{{name name}}" for n in range(200)), "|INV"),
    ("huge text", '{ hello(name: "' + "x" * 40_000 + '") }', "DOCUMENT_TOO_LONG"),
    ("huge number", "{ items(ids: [" + "9" * 30_000 + "]) }", "DOCUMENT_INVALID"),
    ("huge name", "{ " + "a" * 30_000 + " }", "DOCUMENT_INVALID"),
    ("lone surrogate escape", '{ hello(name: "\\\\ud800") }', "DOCUMENT_MALFORMED|None"),
    (
        "introspection loop",
        "{__schema{types{fields{type{fields{type{fields{type{name}}}}}}}}}",
        "INTROSPECTION_OFF|INV",
    ),
    ("comments only", "#" + "x" * 30_000, "DOCUMENT_MALFORMED"),
    ("a schema", "type Query { a: Int }", "DOCUMENT_INVALID|OPERATION"),
    ("extension of a type", "extend type Query { a: Int } { hello }", "DOCUMENT_INVALID"),
    ("binary", "\x01\x02\ufeff{hello}", "DOCUMENT_MALFORMED"),
]


@pytest.mark.parametrize(("document", "code"), [row[1:] for row in BOMBS], ids=[row[0] for row in BOMBS])
def test_a_bomb_costs_little_and_is_never_a_fault(development: Toy, production: Toy, document: str, code: str) -> None:
    for toy in (development, production):
        response = toy.ask(document)
        assert response.status_code in (200, 400)
        shown = response.json().get("errors", [{"extensions": {"code": "None"}}])[0]["extensions"]["code"]
        assert shown != "INTERNAL"
        assert any(part in shown for part in code.split("|")), shown
        assert "Traceback" not in response.text


@pytest.mark.parametrize("levels", [16, 60, 300])
def test_nested_spreads_are_measured_in_linear_time(levels: int) -> None:
    limits = Limits(document_tokens_max=100_000, document_bytes_max=1_000_000)
    document = parse_document(laughs(levels), limits)
    with pytest.raises(RequestRefused):
        check_shape(document, limits)


COSTS: list[tuple[str, dict[str, Any], int]] = [
    ("{ hello }", {}, 1),
    ("{ root { name } }", {}, 3),
    ("{ root { page(first: 10) { name } } }", {}, 2 + 10 * 3),
    ("{ root { page { name } } }", {}, 2 + 20 * 3),
    ("query($n: Int) { root { page(first: $n) { name } } }", {"n": 50}, 2 + 50 * 3),
    ("query($n: Int = 7) { root { page(first: $n) { name } } }", {}, 2 + 7 * 3),
    ("query($n: Int) { root { page(first: $n) { name } } }", {"n": -5}, 2 + 3),
    ("query($n: Int) { root { page(first: $n) { name } } }", {"n": None}, 2 + 20 * 3),
    ("{ items(ids: [1, 2, 3]) }", {}, 3 * 5),
    ("query($i: [Int!]!) { items(ids: $i) }", {"i": [1] * 40}, 40 * 5),
    ("mutation { batch(items: [1, 2, 3]) }", {}, 10),
    ("{ root { ...A ...A } } fragment A on Node { name }", {}, 4),
    ("{ __typename root { __typename name } }", {}, 3),
    ("{ root { page(first: 100) { page(first: 100) { name } } } }", {}, 2 + 100 * (2 + 100 * 3)),
]


@pytest.mark.parametrize(("document", "variables", "cost"), COSTS)
def test_cost_is_field_costs_times_sizes(development: Toy, document: str, variables: dict[str, Any], cost: int) -> None:
    documents: Documents = development.app.state.face.documents
    prepared = documents.prepare(document, None)
    assert prepared.cost.total(variables) == cost


def test_cost_at_the_limit_passes_and_one_over_is_refused() -> None:
    query = "{ root { page(first: 10) { name } } }"
    for most, status in ((32, 200), (31, 400)):
        with serving(cost_max=most) as toy:
            assert toy.ask(query).status_code == status


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("query($n: Int) { root { page(first: $n) { name } } }", {"n": 101}, "PAGE_TOO_LARGE"),
        ("query($n: Int) { root { page(first: $n) { name } } }", {"n": 10**19}, "PAGE_TOO_LARGE"),
        ("query($n: Int = 101) { root { page(first: $n) { name } } }", {}, "PAGE_TOO_LARGE"),
        ("query($i: [Int!]!) { items(ids: $i) }", {"i": [1] * 2_000}, "COST_TOO_HIGH"),
        ("query($n: Int) { root { page(first: $n) { name } } }", {"n": "x"}, "BAD_INPUT"),
        ("query($n: Int) { root { page(first: $n) { name } } }", {"n": [[[1]]]}, "BAD_INPUT"),
        ("query($n: Int) { root { page(first: $n) { name } } }", {"n": True}, "BAD_INPUT"),
        ("query($n: String!) { hello(name: $n) }", {"n": {"a": 1}}, "BAD_INPUT"),
    ],
)
def test_hostile_variables_are_400(production: Toy, query: str, variables: dict[str, Any], code: str) -> None:
    response = production.ask(query, **variables)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, code)


@pytest.mark.parametrize("text", ["\u202eevil", "\u200b\u200d", "x" * 90_000, "a" * 5_000 + "!", "'; DROP TABLE x"])
def test_odd_text_comes_back_as_it_was(production: Toy, text: str) -> None:
    assert production.ask("query($n: String!) { hello(name: $n) }", n=text).json() == {
        "data": {"hello": f"hello {text}"}
    }


@pytest.mark.parametrize("indent", [True, False])
def test_the_canonical_introspection_query_is_admitted_where_introspection_is_on(indent: bool) -> None:
    query = get_introspection_query(input_value_deprecation=True, one_of=True, specified_by_url=True)
    with serving(document_selections_max=20, document_depth_max=4) as toy:
        assert "errors" not in toy.ask(query if indent else " ".join(query.split())).json()
        changed = query.replace("directives {", "directives { again: name", 1)
        assert toy.ask(changed).json()["errors"][0]["extensions"]["code"] == "DOCUMENT_TOO_DEEP"


def test_memory_for_documents_is_bounded_and_holds_only_good_ones() -> None:
    documents = Documents(
        toy_schema()._schema, limits=Limits(prepared_documents_max=3, prepared_bytes_max=60), introspection=False
    )
    for text in ("{ hello }", "{ hello hello }", "{ root { name } }"):
        documents.prepare(text, None)
    for bad in ("{", "{ nothing }", "{ __schema { queryType { name } } }"):
        with pytest.raises((DocumentInvalid, RequestRefused)):
            documents.prepare(bad, None)
    assert list(documents._kept) == ["{ hello }", "{ hello hello }", "{ root { name } }"]
    documents.prepare("{ hello }", None)
    documents.prepare("{ root { node { name } } }", None)
    assert list(documents._kept) == ["{ root { name } }", "{ hello }", "{ root { node { name } } }"]
    documents.prepare("{ root { node { name name } } }", None)
    assert list(documents._kept) == ["{ root { node { name } } }", "{ root { node { name name } } }"]
    assert len(documents._text_by_hash) == 2


def test_a_document_is_prepared_once(development: Toy) -> None:
    documents: Documents = development.app.state.face.documents
    assert documents.prepare("{ root { name } }", None) is documents.prepare("{ root { name } }", None)
