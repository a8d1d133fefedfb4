"""R7: certificates that are passed pay once, first come first served."""

from collections.abc import Mapping

from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import (
    CAMPAIGN_CAP,
    LIMITS,
    amount,
    both,
    count,
    equals,
    rule,
    terms,
    text,
    trigger,
)


def document(values: Values) -> Mapping[str, object]:
    """So much a certificate passed with the mark, of one course or of all."""
    passed = f"activity.score >= {values.whole('mark')}"
    course = equals("activity.course", values.text("course"))
    told = rule(
        values,
        "certified",
        {"kind": "FIXED", "amount": values.whole("amount")},
        basis="UNITS",
        condition=f"{passed} && {course}" if course else passed,
    )
    attributes = {"score": {"type": "INT", "default": 100}, "course": {"type": "STRING", "default": ""}}
    return terms(values, [told], attributes=attributes)


TRAINING = Template(
    code="training",
    row="R7",
    name=both("Training", "Formation"),
    description=both(
        "A reward for every certificate that is passed; a retake does not pay twice.",
        "Une récompense par certification réussie ; la repasser ne paie pas deux fois.",
    ),
    fields=(
        trigger("training.passed"),
        text(
            "course",
            both("Course", "Cours"),
            both("Code of the course; empty: all courses.", "Code du cours ; vide : tous les cours."),
        ),
        count(
            "mark",
            both("Pass mark", "Note minimale"),
            both("The least score out of 100.", "Le score minimal sur 100."),
            default=70,
            maximum=100,
        ),
        amount(
            "amount",
            both("Reward per certificate", "Récompense par certification"),
            both("What one certificate is worth.", "Ce que vaut une certification."),
            default=250,
            minimum=1,
        ),
        CAMPAIGN_CAP,
        *LIMITS,
    ),
    document=document,
)
