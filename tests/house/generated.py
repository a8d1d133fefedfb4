"""Tables of the documentation that the code knows better: `python -m tests.house.generated` writes them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path

from api.demo.magic import FORCED
from api.graph.event_bodies import camel, event_types
from api.http.errors import table_as_markdown
from api.refusals import all_refusals
from api.settings import Limits
from catalog.redemptions.machine import GRANTED, LINE_EDGES, Action, Delivery, LineState, available_actions
from domain.access.matrix import Matrix
from domain.access.principals import Relation, Role
from domain.kernel.refusals import Refusal
from domain.programs.saying import terms_sentence
from domain.programs.templates.registry import TEMPLATES, example_of

DOCS = Path(__file__).parents[2] / "docs"
PART = re.compile(r"(<!-- generated: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def refusals() -> str:
    """Every refusal of every room: code, what it means, the facts it carries, whether trying again helps."""
    rows = [
        f"| `{code}` | {_one_line(kind.__doc__)} | {_facts(kind)} | {'yes' if kind.retryable else 'no'} |\n"
        for code, kinds in sorted(all_refusals().items())
        for kind in kinds
    ]
    return "".join(["| code | meaning | facts | retryable |\n|---|---|---|---|\n", *rows])


def limits() -> str:
    """Every bound of the face with its variable and default."""
    rows = [f"| `GUERDON_{one.name.upper()}` | {one.default:,} |\n" for one in fields(Limits)]
    return "".join(["| variable | default |\n|---|---|\n", *rows])


def events() -> str:
    """Every event that webhooks tell: its name, what it means, and the fields of its own."""
    rows = [
        f"| `{kind.name}` | {kind.description} | {', '.join(f'`{camel(name)}`' for name in kind.payload) or '–'} |\n"
        for kind in sorted(event_types().values(), key=lambda one: one.name)
    ]
    return "".join(["| event | meaning | fields in `data` |\n|---|---|---|\n", *rows])


def actions() -> str:
    """Who may do what with a line, and in which states and deliveries of it."""
    rows = list[str]()
    for action in Action:
        whom = [
            f"{'its owner' if relation is Relation.OWN else (role or relation).value}"
            for relation, by_role in GRANTED.items()
            for role, granted in by_role.items()
            if action in granted
        ]
        states = dict.fromkeys(
            f"`{state.value}`" + (f" and delivery `{delivery.value}`" if delivery is Delivery.BOUNCED else "")
            for delivery in (Delivery.SENT, Delivery.BOUNCED)
            for state in LineState
            if action in open_actions(state, delivery)
            and not (delivery is Delivery.BOUNCED and action in open_actions(state, Delivery.SENT))
        )
        rows.append(f"| `{action.value}` | {', '.join(states)} | {', '.join(whom)} |\n")
    return "".join(["| action | where the line stands | who |\n|---|---|---|\n", *rows])


def open_actions(state: LineState, delivery: Delivery) -> frozenset[Action]:
    """What anybody at all may do with a line that stands so, and has a code."""
    seen = (
        available_actions(state, delivery, has_code=True, relation=relation, role=role or Role.MEMBER)
        for relation, by_role in GRANTED.items()
        for role in by_role
    )
    return frozenset(action for some in seen for action in some)


def machine() -> str:
    """The machine of a line, as a drawing."""
    drawn = [f"    {start} --> {end}" for start, ends in LINE_EDGES.items() for end in sorted(ends)]
    ends = [f"    {state} --> [*]" for state, others in LINE_EDGES.items() if not others]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> HELD", *drawn, *ends, "```"])


def magic() -> str:
    """What each denomination of the sandbox's card forces."""
    rows = [
        f"| `{script.value}` | {forced.happens} | {' or '.join(f'`{state}`' for state in sorted(forced.ends))} |\n"
        for script, forced in FORCED.items()
    ]
    return "".join(["| denomination | what happens | the line ends |\n|---|---|---|\n", *rows])


def templates() -> str:
    """Every template: its code, row, name, when to use it, and the terms that its defaults make in words."""
    rows = [
        f"| `{one.code}` | {one.row} | {one.name['en']} | {one.description['en']} | "
        f"{terms_sentence(example_of(one), 'en', {'USD': 2})} |\n"
        for one in TEMPLATES
    ]
    return "".join(["| template | row | kind | when to use it | its defaults say |\n|---|---|---|---|---|\n", *rows])


TABLES: Mapping[str, Callable[[], str]] = {
    "errors": table_as_markdown,
    "refusals": refusals,
    "limits": limits,
    "events": events,
    "actions": actions,
    "machine": machine,
    "magic": magic,
    "templates": templates,
    "matrix": lambda: Matrix.load().as_markdown(),
}


def generated(page: str) -> str:
    """The page with its generated parts as the code says now. Refuses: KeyError for a part that nobody generates."""
    return PART.sub(lambda part: f"{part[1]}\n{TABLES[part['name']]().strip()}\n\n{part[3]}", page)


def write() -> None:
    """Every page under docs/ holds what is true now."""
    for path in DOCS.rglob("*.md"):
        page = path.read_text(encoding="utf-8")
        path.write_text(generated(page), encoding="utf-8")


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split()).replace("|", "\\|")


def _facts(kind: type[Refusal]) -> str:
    return ", ".join(f"`{camel(fact.name)}`" for fact in fields(kind)) or "–"


if __name__ == "__main__":
    write()
