"""The promises of a store of objects, held by both homes."""

import asyncio
import hashlib
from base64 import b64encode
from pathlib import Path

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from engine.errors import Unavailable
from engine.objects import Objects
from engine.objects.folder import FolderObjects
from engine.objects.s3 import S3Objects, open_s3


async def put(objects: Objects, folder: Path, key: str, content: bytes) -> None:
    file = folder / "to-put"
    file.write_bytes(content)
    await objects.put(key, file, "image/webp", is_immutable=True)


async def listed(objects: Objects, prefix: str) -> list[str]:
    return [key async for key in objects.keys(prefix)]


async def test_an_object_is_read_as_it_was_put(objects: Objects, tmp_path: Path) -> None:
    await put(objects, tmp_path, "i/ab/320.webp", b"picture")

    assert await objects.read("i/ab/320.webp", 100) == b"picture"
    assert await objects.size("i/ab/320.webp") == 7
    assert await objects.fetch("i/ab/320.webp", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"picture"


async def test_putting_twice_is_putting_once(objects: Objects, tmp_path: Path) -> None:
    await put(objects, tmp_path, "i/ab/320.webp", b"picture")
    await put(objects, tmp_path, "i/ab/320.webp", b"picture")

    assert await listed(objects, "i/") == ["i/ab/320.webp"]


async def test_nothing_is_where_nothing_was_put(objects: Objects, tmp_path: Path) -> None:
    assert await objects.read("i/none/320.webp", 100) is None
    assert await objects.size("i/none/320.webp") is None
    assert not await objects.fetch("i/none/320.webp", tmp_path / "copy")
    assert await listed(objects, "i/") == []
    await objects.remove(["i/none/320.webp"])


async def test_what_is_longer_than_its_reader_wants_is_not_read(objects: Objects, tmp_path: Path) -> None:
    await put(objects, tmp_path, "i/ab/320.webp", bytes(101))

    assert await objects.read("i/ab/320.webp", 100) is None


async def test_keys_are_listed_by_prefix_and_gone_when_removed(objects: Objects, tmp_path: Path) -> None:
    for key in ("originals/b", "i/b/1.webp", "i/a/2.webp", "i/a/1.webp"):
        await put(objects, tmp_path, key, b"x")

    assert await listed(objects, "i/") == ["i/a/1.webp", "i/a/2.webp", "i/b/1.webp"]
    await objects.remove(["i/a/1.webp", "i/b/1.webp"])
    assert await listed(objects, "i/") == ["i/a/2.webp"]
    assert await listed(objects, "originals/") == ["originals/b"]


async def test_a_home_keeps_its_first_owner(objects: Objects) -> None:
    first = await objects.claim("originals/.shop", "ours")
    again = await objects.claim("originals/.shop", "ours")
    other = await objects.claim("originals/.shop", "another's")

    assert (first, again) == ("ours", "ours")
    assert other == ("another's" if isinstance(objects, FolderObjects) else "ours")


async def test_a_client_writes_to_a_bucket_alone(objects: Objects) -> None:
    content = b"sent by a browser"
    checksum = b64encode(hashlib.sha256(content).digest()).decode()

    upload = await objects.direct_upload("incoming/1", len(content), checksum, expires_s=600)

    if isinstance(objects, FolderObjects):
        assert upload is None
        return
    assert upload is not None
    address = URL(upload.url, encoded=True)
    async with aiohttp.ClientSession() as http:
        async with http.put(address, data=content + b"!", headers={"x-amz-checksum-sha256": checksum}) as other:
            assert other.status == 403
        async with http.put(address, data=content, headers=upload.headers) as answer:
            assert answer.status == 200, await answer.text()
    assert await objects.read("incoming/1", 100) == content
    for signed in ("content-length", "x-amz-checksum-sha256", "X-Amz-Expires=600"):
        assert signed.lower() in upload.url.lower()


async def test_a_picture_in_a_bucket_has_headers_for_caches(objects: Objects, tmp_path: Path) -> None:
    if isinstance(objects, FolderObjects):  # The gateway gives them.
        return
    assert isinstance(objects, S3Objects)
    await put(objects, tmp_path, "i/ab/320.webp", b"picture")

    head = await objects._client.head_object(Bucket=objects._bucket, Key="i/ab/320.webp")

    assert head["CacheControl"] == "public, max-age=31536000, immutable"
    assert head["ContentType"] == "image/webp"


async def test_a_store_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    async with open_s3("media", region="us-east-1", endpoint_url="http://127.0.0.1:9") as objects:
        with pytest.raises(Unavailable):
            await objects.read("i/ab/320.webp", 100)


async def test_a_folder_that_can_t_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("a file stands where the folder should")

    with pytest.raises(Unavailable):
        await put(FolderObjects(tmp_path / "media"), tmp_path, "i/ab/320.webp", b"x")


async def test_two_processes_share_a_folder(tmp_path: Path) -> None:
    """Each removes folders that it leaves empty, in which the other is about to put something."""

    async def come_and_go(name: str) -> None:
        objects, file = FolderObjects(tmp_path / "media"), tmp_path / name
        file.write_bytes(b"x")
        for _ in range(150):
            await objects.put(f"i/ab/2/{name}", file, "image/webp")
            assert await objects.size(f"i/ab/2/{name}") == 1
            await objects.remove([f"i/ab/2/{name}"])

    await asyncio.gather(*map(come_and_go, ("a", "b", "c", "d")))

    assert list((tmp_path / "media").iterdir()) == []


KEYS = st.from_regex(r"\A[a-c]{1,2}/[a-c]{1,2}\Z")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=9))))
async def test_a_folder_is_what_a_dictionary_is(
    steps: list[tuple[str, bytes | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("objects")
    objects, model = FolderObjects(home / "media"), dict[str, bytes]()
    for key, content in steps:
        if content is None:
            model.pop(key, None)
            await objects.remove([key])
        else:
            model[key] = content
            await put(objects, home, key, content)

    for prefix in ("a/", "b/", "cc/"):
        assert await listed(objects, prefix) == sorted(key for key in model if key.startswith(prefix))
    assert {key: await objects.read(key, 9) for key in model} == model
