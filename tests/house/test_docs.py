"""The documentation is run: shell, GraphQL and JSON blocks, links, generated tables; a planted lie is caught."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from domain.programs.document import InvalidTerms
from domain.programs.terms import Terms
from tests.house.blocks import ROOT, Block, Checkout, blocks_in, every_block, has, pages, serving, unknown_kinds
from tests.house.generated import DOCS, generated

SERVE, TEST = "make serve\n", "make test\n"
BLOCKS = every_block()
# Pages whose blocks change a deployment of their own, and the test that runs them.
RUN_ELSEWHERE: Mapping[str, str] = {"docs/guides/import.md": "tests/storage/test_import_command.py"}
SHELL = [
    block
    for block in BLOCKS
    if block.kind == "sh" and not block.words and block.text not in (SERVE, TEST) and block.page not in RUN_ELSEWHERE
]
GRAPHQL = [block for block in BLOCKS if block.kind == "graphql"]
TERMS = [block for block in BLOCKS if block.kind == "json" and block.words[:1] != ("variables",)]
# Clients of the tutorials, with how many documents each sends and how many lines it may have.
CLIENTS: Mapping[str, tuple[int, int]] = {"board.mjs": (2, 80), "redeem.mjs": (5, 110)}
NODE = next(block for block in BLOCKS if block.page.endswith("redeem-in-your-app.md") and block.words == ("node",))
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "api" / "schema.graphql").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def readme() -> list[Block]:
    return [block for block in BLOCKS if block.page == "README.md" and block.kind == "sh"]


@pytest.fixture(scope="module")
def checkout(readme: list[Block], short_folder: Path) -> Iterator[Checkout]:
    """What the README's own command serves."""
    with serving(next(block.text for block in readme if block.text == SERVE), short_folder) as running:
        yield running


@pytest.fixture(scope="module")
def tokens(checkout: Checkout) -> dict[str, str]:
    """A token of everyone in whose name a block is asked."""
    return {name: checkout.token(name) for name in {block.words[1] for block in GRAPHQL if block.words}}


def variables_of(block: Block) -> dict[str, Any]:
    """The JSON block that follows a GraphQL block in its page, if it is one of variables."""
    for other in BLOCKS:
        if other.page == block.page and other.line > block.line:
            return json.loads(other.text) if other.words[:1] == ("variables",) else {}
    return {}


def terms_of(block: Block) -> dict[str, Any]:
    """A whole terms document: as it stands, or one rule or effect in the smallest document around it."""
    told = json.loads(block.text)
    if block.words == ("terms",):
        return told
    rule = {"code": "example", "trigger": "deal.won", "basis_unit": "USD", "effect": told}
    if block.words == ("rule",):
        rule = told
    return {
        "unit": "POINTS",
        "zone": "Europe/Paris",
        "attributes": {"product": "STRING", "helper": "STRING"},
        "parameters": {"points_per_hundred": {"type": "INT", "min": 1, "max": 50, "default": 10}},
        "rules": [rule],
    }


def dead_links(page: Path) -> list[str]:
    """Links to files that do not exist."""
    return [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]


def test_every_block_is_of_a_kind_that_is_checked() -> None:
    assert unknown_kinds(BLOCKS) == []
    assert {block.words[0] for block in TERMS} <= {"terms", "rule", "effect"}


def test_the_test_command_of_the_readme_is_the_one_that_ci_runs(readme: list[Block]) -> None:
    commands = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [block.text for block in readme if block.text == TEST] == [TEST]
    assert commands.count(TEST.strip()) == 1


@pytest.mark.parametrize("page", RUN_ELSEWHERE)
def test_a_page_that_is_run_elsewhere_is_named_there(page: str) -> None:
    assert f'"{Path(page).name}"' in (ROOT / RUN_ELSEWHERE[page]).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    assert dead_links(page) == []


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.relative_to(DOCS).as_posix())
def test_generated_tables_say_what_the_code_says(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == generated(text), "run: python -m tests.house.generated"


@pytest.mark.parametrize("block", GRAPHQL, ids=str)
def test_a_graphql_block_fits_the_schema(schema: GraphQLSchema, block: Block) -> None:
    assert [error.message for error in validate(schema, parse(block.text))] == []


@pytest.mark.parametrize("client", CLIENTS)
def test_the_documents_of_a_client_fit_the_schema(schema: GraphQLSchema, client: str) -> None:
    count, lines_max = CLIENTS[client]
    source = (DOCS / "tutorial" / client).read_text(encoding="utf-8")
    documents = re.findall(r"= `\n((?:query|mutation|subscription)[^`]*)`;", source)
    assert len(documents) == count
    assert [error.message for text in documents for error in validate(schema, parse(text))] == []
    assert len(source.splitlines()) < lines_max


@pytest.mark.skipif(not has("node"), reason="the client runs in Node")
def test_the_client_that_redeems_shows_a_code(checkout: Checkout) -> None:
    done = checkout.run(NODE.text)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"•••• (\d{4}) is DEMO-CINEMA-\1, PIN \d{4}, good until 2099-12-31\. Saisissez", done.stdout)


@pytest.mark.parametrize("block", TERMS, ids=str)
def test_a_json_block_is_part_of_a_terms_document(block: Block) -> None:
    Terms.from_json(terms_of(block))


@pytest.mark.skipif(not has("curl"), reason="the blocks use curl")
@pytest.mark.parametrize("page", sorted({block.page for block in SHELL}))
def test_the_shell_blocks_of_a_page_run(checkout: Checkout, page: str) -> None:
    done = checkout.run("".join(block.text for block in SHELL if block.page == page))
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"errors"' not in done.stdout
    assert '"refusal":{' not in done.stdout


@pytest.mark.parametrize("block", [block for block in GRAPHQL if block.words], ids=str)
def test_a_graphql_block_is_answered(checkout: Checkout, tokens: dict[str, str], block: Block) -> None:
    variables, token = variables_of(block), tokens[block.words[1]]
    if "$id" in block.text and "id" not in variables:
        found = checkout.ask('{ leaderboard(code: "points-this-quarter") { id } }', {}, token)
        variables["id"] = found["data"]["leaderboard"]["id"]
    answer = checkout.ask(block.text, variables, token)
    assert "errors" not in answer
    assert answer["data"]


def test_a_lie_is_caught(schema: GraphQLSchema, tmp_path: Path) -> None:
    planted = "```graphql as ava\n{ boards }\n```\n\n```yaml\na: 1\n```\n[gone](nowhere.md)\n"
    told, other = blocks_in(planted, "page.md")
    assert (told.kind, told.words, told.line) == ("graphql", ("as", "ava"), 1)
    assert unknown_kinds([told, other]) == ["page.md:5"]
    assert validate(schema, parse(told.text))
    (tmp_path / "page.md").write_text(planted)
    assert dead_links(tmp_path / "page.md") == ["nowhere.md"]
    assert generated("<!-- generated: limits -->\nold\n<!-- end -->") != "<!-- generated: limits -->\nold\n<!-- end -->"
    block = Block(page="page.md", line=1, kind="json", words=("effect",), text='{"kind": "FREE"}')
    with pytest.raises(InvalidTerms):
        Terms.from_json(terms_of(block))


def test_a_block_without_an_end_is_caught() -> None:
    with pytest.raises(ValueError, match=r"page\.md:2"):
        list(blocks_in("text\n```sh\nmake serve\n", "page.md"))
