"""The journal of the long suite of redemptions: what a killed process asked, and what it never heard."""

from pathlib import Path
from uuid import UUID

from domain.kernel.ids import new_id
from tests.long.journal import Journal
from tests.long.market import told_by


def asked(key: str, member: UUID) -> dict[str, str]:
    return {"key": key, "quote": str(new_id()), "member": str(member)}


def test_a_successor_finds_what_was_asked_and_never_answered(tmp_path: Path) -> None:
    path, member, redemption = tmp_path / "one.jsonl", new_id(), new_id()
    first = Journal.opened(path)
    first.write(asked("a", member))
    first.write({"ok": "a", "redemption": str(redemption)})
    first.write(asked("b", member))
    first.write({"cut": "b"})
    first.file.write(b'{"ok":"b","redempt')  # killed while it was writing
    second = Journal.opened(path)
    assert [said["key"] for said in second.unanswered()] == ["b"]
    assert (second.answered, second.cut["b"], second.numbers[str(member)]) == ({"a": redemption}, 1, 2)
    second.write({"ok": "b", "redemption": str(new_id())})
    assert Journal.opened(path).unanswered() == []


def test_silence_two_answers_and_one_answer_for_two_are_told(tmp_path: Path) -> None:
    journal, member, redemption = Journal.opened(tmp_path / "one.jsonl"), new_id(), new_id()
    for key in "ab":
        journal.write(asked(key, member))
        journal.write({"ok": key, "redemption": str(redemption)})
    journal.write({"odd": "a"})
    journal.write(asked("c", member))
    told = told_by({"one": journal})
    assert told.acknowledged == {redemption}
    assert len(told.odd) == 3
