"""Every document of the live page fits the public schema and passes the server's guards with the largest variables."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, OperationType, build_schema, parse, validate

from api.http.guards.cost import check_cost, compile_cost
from api.http.guards.documents import check_shape, parse_document
from api.settings import Limits

ROOT = Path(__file__).parents[2]
FRAGMENT = re.compile(r"const (?P<name>[A-Z_]+) = `(?P<text>[^`]*)`;")
DOCUMENT = re.compile(r"export const (?P<name>[A-Z_]+) = `(?P<text>[^`]*)`;")
LIMITS = Limits()


def page_documents(source: str) -> Mapping[str, str]:
    """The exported documents of documents.js by name, with the fragments they name filled in."""
    parts = {found["name"]: found["text"] for found in FRAGMENT.finditer(source)}
    filled = {
        found["name"]: re.sub(r"\$\{([A-Z_]+)\}", lambda place: parts[place[1]], found["text"])
        for found in DOCUMENT.finditer(source)
    }
    assert not any("${" in text for text in filled.values()), "a document is built in a way this test cannot read"
    return filled


FILES = ("documents.js", "shop_documents.js")
SOURCES = [(ROOT / "api" / "web" / name).read_text(encoding="utf-8") for name in FILES]
DOCUMENTS = {name: text for source in SOURCES for name, text in page_documents(source).items()}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "api" / "schema.graphql").read_text(encoding="utf-8"))


@pytest.mark.parametrize("source", SOURCES, ids=FILES)
def test_every_document_is_listed_for_whoever_reads_them_all(source: str) -> None:
    listed = re.search(r"export const ALL = \{\s(?P<names>[^}]*)\s\};", source)
    assert listed is not None
    assert set(re.findall(r"\w+", listed["names"])) == set(page_documents(source))
    assert len(DOCUMENTS) >= 20


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_of_the_page_fits_the_schema(schema: GraphQLSchema, name: str) -> None:
    assert [error.message for error in validate(schema, parse(DOCUMENTS[name]))] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_of_the_page_passes_the_guards(schema: GraphQLSchema, name: str) -> None:
    document = parse_document(DOCUMENTS[name], LIMITS)
    shape = check_shape(document, LIMITS)
    assert not shape.introspects
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    cost = compile_cost(schema, document, operation, limits=LIMITS, overrides={})
    assert 0 < check_cost(cost, {}, LIMITS) <= LIMITS.cost_max


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_of_the_page_leaves_room_in_one_socket(schema: GraphQLSchema, name: str) -> None:
    operation = next(node for node in parse(DOCUMENTS[name]).definitions if isinstance(node, OperationDefinitionNode))
    if operation.operation is OperationType.SUBSCRIPTION:
        assert len(DOCUMENTS[name].encode()) < LIMITS.socket_frame_bytes_max // 4


def test_a_document_that_does_not_fit_is_found(schema: GraphQLSchema) -> None:
    planted = page_documents("const PART = `nope`;\nexport const BAD = `{ viewer { ${PART} } }`;")
    assert planted == {"BAD": "{ viewer { nope } }"}
    assert len(validate(schema, parse(planted["BAD"]))) == 1


def test_no_other_file_of_the_page_holds_a_document() -> None:
    others = [file for file in (ROOT / "api" / "web").glob("*.js") if file.name not in FILES]
    assert [file.name for file in others if re.search(r"\b(query|mutation|subscription) \w+", file.read_text())] == []
