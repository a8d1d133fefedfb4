"""Files are taken by their content and given to whoever was shown a link; every limit is tried at its edge."""

from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pytest

from api.graph.ids import Tag, decode_as
from api.settings import Limits
from domain.access.principals import Actor, Role, Scope
from domain.files.attaching import FILES_MAX, attach_in
from domain.files.reading import files_of
from domain.files.refusals import FileAttached
from domain.files.removing import REMOVED_MAX, remove_unattached
from domain.kernel.ids import new_id
from domain.kernel.refusals import InvalidInput, NotFound
from tests.stories.teller import Teller, told

PDF = b"%PDF-1.7\n%proof\n"
CONTENTS: Mapping[str, bytes] = {
    "application/pdf": PDF,
    "image/png": b"\x89PNG\r\n\x1a\nrest",
    "image/jpeg": b"\xff\xd8\xff\xe0rest",
    "image/webp": b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    "text/csv": "\ufeffnuméro;montant\n1;2\n".encode(),
}
BYTES_MAX = 600_000  # three parts
SEEN = "id name mediaType size url"


@pytest.fixture(scope="module")
async def teller(database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Teller]:
    limits = Limits(file_bytes_max=BYTES_MAX, files_per_hour=30)
    async with told(database, valkey_url, tmp_path_factory.mktemp("home"), members=4, limits=limits) as teller:
        await teller.person("applicant", Role.APPLICANT)
        await teller.machine("crm", "lms", Scope.ACTIVITIES_WRITE)
        yield teller


async def hand_in(teller: Teller, who: str | None, content: bytes, **asked: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {teller.tokens[who]}"} if who else {}
    return await teller.client.post("/files", content=content, params=asked, headers=headers)


async def stored(teller: Teller, who: str, content: bytes = PDF) -> UUID:
    answer = await hand_in(teller, who, content)
    found = decode_as(Tag.FILE, answer.json()["id"])
    assert found is not None
    return found


async def seen(teller: Teller, who: str, file_id: str) -> Mapping[str, str] | None:
    return (await teller.ask(who, f"query($id: ID!) {{ file(id: $id) {{ {SEEN} }} }}", id=file_id))["file"]


async def person(teller: Teller, name: str) -> Actor:
    """The actor whom this name's token stands for."""
    account = await teller.parts.database.fetchrow("SELECT id, member_id, role FROM account WHERE subject = $1", name)
    assert account is not None
    return Actor(principal_id=account["id"], role=Role(account["role"]), member_id=account["member_id"])


def code_of(answer: httpx2.Response) -> str:
    return answer.json()["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize(("kind", "content"), CONTENTS.items())
async def test_a_file_is_what_its_content_says_and_comes_back_as_a_download(
    teller: Teller, kind: str, content: bytes
) -> None:
    answer = await hand_in(teller, "rep0", content, name='../fa"cture\n.exe', purpose="claim")
    assert answer.status_code == 201, answer.text
    assert (answer.json()["mediaType"], answer.json()["size"]) == (kind, len(content))
    found = await seen(teller, "rep0", answer.json()["id"])
    assert found is not None
    assert (found["name"], found["mediaType"]) == (answer.json()["name"], kind)
    link = urlsplit(found["url"])
    fetched = await teller.client.get(f"{link.path}?{link.query}")
    assert (fetched.status_code, fetched.content) == (200, content)
    assert fetched.headers["content-type"].split(";")[0] == kind
    assert fetched.headers["content-disposition"] == "attachment; filename*=UTF-8''_fa_cture_.exe"
    assert fetched.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "content",
    [b"MZ\x90\x00", b"<html>,</html>", b"\x00,1", b"one line", b"\xff\xfe,", b"GIF89a,\x01", b" <svg a='1,2'>"],
)
async def test_what_is_of_no_taken_kind_is_refused_whatever_it_is_called(teller: Teller, content: bytes) -> None:
    answer = await hand_in(teller, "rep0", content, name="invoice.pdf")
    assert (answer.status_code, code_of(answer)) == (415, "FILE_TYPE_REFUSED")


async def test_people_hand_in_files_and_nobody_else(teller: Teller) -> None:
    assert (await hand_in(teller, "applicant", PDF)).status_code == 201
    assert code_of(await hand_in(teller, "crm", PDF)) == "NOT_ALLOWED"
    unsigned = await hand_in(teller, None, PDF)
    assert (unsigned.status_code, code_of(unsigned)) == (401, "UNAUTHENTICATED")
    form = await teller.client.post(
        "/files", files={"file": PDF}, headers={"authorization": f"Bearer {teller.tokens['rep0']}"}
    )
    assert code_of(form) == "UNSUPPORTED_MEDIA_TYPE"


async def test_a_file_at_the_limit_is_taken_whole_and_one_byte_more_is_not(teller: Teller) -> None:
    largest = PDF + bytes(BYTES_MAX - len(PDF))
    answer = await hand_in(teller, "rep1", largest)
    assert answer.json()["size"] == BYTES_MAX
    found = await seen(teller, "rep1", answer.json()["id"])
    assert found is not None
    fetched = await teller.client.get(found["url"].removeprefix(teller.parts.settings.url))
    assert fetched.content == largest

    async def unannounced() -> AsyncIterator[bytes]:
        yield largest
        yield b"x"

    headers = {"authorization": f"Bearer {teller.tokens['rep1']}"}
    for body in (largest + b"x", unannounced()):
        refused = await teller.client.post("/files", content=body, headers=headers)
        assert (refused.status_code, code_of(refused)) == (413, "BODY_TOO_LARGE")
    assert code_of(await hand_in(teller, "rep1", b"")) == "MALFORMED_REQUEST"
    assert (await hand_in(teller, "rep1", PDF, name="n" * 200)).status_code == 201
    assert code_of(await hand_in(teller, "rep1", PDF, name="n" * 201)) == "MALFORMED_REQUEST"
    assert code_of(await hand_in(teller, "rep1", PDF, purpose="Not a code")) == "MALFORMED_REQUEST"


async def test_only_a_link_as_it_was_written_opens_a_file_and_not_for_long(teller: Teller) -> None:
    mine, other = await hand_in(teller, "rep0", PDF), await hand_in(teller, "rep0", PDF + b"other")
    assert await seen(teller, "rep1", mine.json()["id"]) is None
    assert await seen(teller, "manager", mine.json()["id"]) is None
    found = await seen(teller, "rep0", mine.json()["id"])
    assert found is not None
    link = found["url"].removeprefix(teller.parts.settings.url)
    expires, signature = link.partition("?expires=")[2].split("&signature=")
    path = f"/files/{mine.json()['id']}"
    assert (await teller.client.get(link)).status_code == 200
    for wrong in (
        path,
        f"{path}?expires={int(expires) + 1}&signature={signature}",
        f"{path}?expires={expires}&signature={signature[:-1]}",
        f"{path}?expires=-1&signature={signature}",
        f"{path}?expires=é&signature=é",
        f"/files/{other.json()['id']}?expires={expires}&signature={signature}",
        f"/files/nothing?expires={expires}&signature={signature}",
    ):
        refused = await teller.client.get(wrong)
        assert (refused.status_code, code_of(refused)) == (404, "FILE_UNKNOWN")
    await teller.later(seconds=301)
    assert (await teller.client.get(link)).status_code == 404


async def test_a_person_hands_in_so_many_files_an_hour(teller: Teller) -> None:
    answers = [await hand_in(teller, "rep2", PDF) for _ in range(31)]
    assert [one.status_code for one in answers] == [201] * 30 + [429]
    assert code_of(answers[-1]) == "RATE_LIMITED"


async def test_an_attached_file_belongs_to_its_subject_and_stays(teller: Teller) -> None:
    await teller.later(minutes=61)
    door, rep = teller.world.door, await person(teller, "rep3")
    mine, foreign, loose = await stored(teller, "rep3"), await stored(teller, "rep0"), await stored(teller, "rep3")
    subject, other = new_id(), new_id()
    for _ in range(2):  # once more changes nothing
        await door.operate(rep, lambda op: attach_in(op, rep, [mine], "claim", subject))
    with pytest.raises(FileAttached):
        await door.operate(rep, lambda op: attach_in(op, rep, [mine], "claim", other))
    with pytest.raises(NotFound):
        await door.operate(rep, lambda op: attach_in(op, rep, [foreign], "claim", subject))
    assert [one.id for one in (await files_of(teller.parts.database, "claim", [subject]))[subject]] == [mine]
    more = [await stored(teller, "rep3") for _ in range(FILES_MAX)]
    with pytest.raises(InvalidInput):
        await door.operate(rep, lambda op: attach_in(op, rep, more, "claim", subject))
    await door.operate(rep, lambda op: attach_in(op, rep, more[1:], "claim", subject))
    await teller.later(minutes=24 * 60 - 1)
    gone = await remove_unattached(door)
    assert await teller.parts.database.fetchval("SELECT count(*) FROM file_record WHERE id = $1", loose) == 1
    await teller.later(minutes=1)
    assert gone + await remove_unattached(door) < REMOVED_MAX
    left = await teller.parts.database.fetch("SELECT id FROM file_record")
    assert {row["id"] for row in left} == {mine, *more[1:]}
    assert await teller.parts.database.fetchval("SELECT count(DISTINCT file_id) FROM file_part") == FILES_MAX


async def test_a_step_removes_a_hundred_files_at_most(teller: Teller) -> None:
    await teller.parts.database.fetch(
        "INSERT INTO file_record (id, owner_id, name, media_type, size, digest, purpose, recorded_at)"
        " SELECT gen_random_uuid(), gen_random_uuid(), 'x', 'text/csv', 1, '', 'proof', '2020-01-01'"
        " FROM generate_series(1, $1)",
        REMOVED_MAX + 1,
    )
    assert [await remove_unattached(teller.world.door) for _ in range(3)] == [REMOVED_MAX, 1, 0]
