"""Files by key: whole or not there, never outside the store, in a folder and in an S3-compatible store alike."""

import dataclasses
import datetime as dt
import io
import os
import stat
import threading

import pytest

from fakes.s3 import FakeS3
from fakes.server import Answer
from kit import s3, storage
from kit.exchange import Unreachable

EXAMPLE = s3.Place(
    "https://examplebucket.s3.amazonaws.com",
    "examplebucket",
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
)
THEN = dt.datetime(2013, 5, 24, tzinfo=dt.UTC)


@pytest.fixture
def bucket():
    with FakeS3() as running:
        yield running


@pytest.fixture(params=["folder", "s3"])
def store(request, tmp_path, bucket):
    return storage.Folder(tmp_path / "media") if request.param == "folder" else s3.Bucket(bucket.place)


def put(store, key, content=b"0123456789"):
    return store.put(key, io.BytesIO(content))


def read(store, key, **part):
    return b"".join(store.open(key, **part))


def test_what_was_put_is_read_whole_and_in_parts(store):
    assert put(store, "7/2026-11/a.b-c_d", b"0123456789") == 10
    assert read(store, "7/2026-11/a.b-c_d") == b"0123456789"
    assert read(store, "7/2026-11/a.b-c_d", start=2, end=4) == b"234"
    assert read(store, "7/2026-11/a.b-c_d", start=7) == b"789"
    assert read(store, "7/2026-11/a.b-c_d", start=9, end=500) == b"9"


def test_a_large_file_comes_in_chunks(store):
    content = os.urandom(3 * storage.CHUNK + 17)
    put(store, "7/large", content)
    assert max(len(chunk) for chunk in store.open("7/large")) <= storage.CHUNK
    assert read(store, "7/large") == content


def test_a_source_is_taken_from_where_it_stands(store):
    source = io.BytesIO(b"head|body")
    source.seek(5)
    assert store.put("7/x", source) == 4
    assert read(store, "7/x") == b"body"


def test_the_second_put_replaces_the_first(store):
    put(store, "7/x", b"first and longer")
    put(store, "7/x", b"second")
    assert read(store, "7/x") == b"second"


def test_an_empty_file_is_a_file(store):
    assert put(store, "7/x", b"") == 0
    assert read(store, "7/x") == b""


def test_what_is_not_there(store):
    with pytest.raises(storage.Missing):
        store.open("7/nothing")
    store.delete("7/nothing")
    put(store, "7/x")
    with pytest.raises(storage.Missing):
        store.open("7/x/y")
    store.delete("7/x")
    with pytest.raises(storage.Missing):
        store.open("7/x")


def test_a_tenants_files_go_all_and_nobody_elses(store, bucket):
    bucket.page = 2
    for key in ("7/a", "7/2026-11/b", "7/2026-12/c", "70/a", "8/a"):
        put(store, key)
    assert store.delete_all("7/") == 3
    assert store.delete_all("7/") == 0
    for key in ("7/a", "7/2026-11/b", "7/2026-12/c"):
        with pytest.raises(storage.Missing):
            store.open(key)
    assert read(store, "70/a") == read(store, "8/a") == b"0123456789"


@pytest.mark.parametrize(
    "key",
    ["", "x", "/etc/passwd", "7/", "7//x", "7/../8/x", "../x/y", "7/..", "7/.hidden", "7/a b", "7/a\x00", "7/a\n",
     "7\\x/y", "7/é", "7/" + "x" * 300],
)  # fmt: skip
def test_a_key_never_leads_out_of_the_store(store, key):
    for verb in (store.open, store.delete, lambda key: put(store, key)):
        with pytest.raises(storage.BadKey):
            verb(key)


@pytest.mark.parametrize("prefix", ["", "/", "7", "../", "7/../", "./", "7//"])
def test_a_prefix_is_never_everything(store, prefix):
    put(store, "7/x")
    with pytest.raises(storage.BadKey):
        store.delete_all(prefix)
    assert read(store, "7/x") == b"0123456789"


# A folder ------------------------------------------------------------------------------------------------------------


def test_a_file_that_broke_off_leaves_nothing(tmp_path):
    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError("the disk is gone")

    folder = storage.Folder(tmp_path)
    put(folder, "7/x", b"before")
    with pytest.raises(OSError, match="disk"):
        folder.put("7/x", Broken())
    assert read(folder, "7/x") == b"before"
    assert [name.name for name in (tmp_path / "7").iterdir()] == ["x"]


def test_files_are_the_owners_alone(tmp_path):
    folder = storage.Folder(tmp_path / "media")
    put(folder, "7/2026/x")
    place = tmp_path / "media" / "7" / "2026" / "x"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_empty_folders_do_not_pile_up(tmp_path):
    folder = storage.Folder(tmp_path / "media")
    put(folder, "7/2026/x")
    folder.delete("7/2026/x")
    assert list((tmp_path / "media").iterdir()) == []


def test_putting_and_deleting_side_by_side_do_not_stumble(tmp_path):
    folder = storage.Folder(tmp_path)
    trouble = []

    def work(name):
        try:
            for _ in range(60):
                put(folder, f"7/2026/{name}")
                assert read(folder, f"7/2026/{name}") == b"0123456789"
                folder.delete(f"7/2026/{name}")
        except Exception as error:
            trouble.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []


# S3 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "headers", "payload", "signature"),
    [
        (
            "GET", "/test.txt", {"Range": "bytes=0-9"}, s3.EMPTY,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT", "/test%24file.text",
            {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET", "/?lifecycle=", {}, s3.EMPTY,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET", "/?max-keys=2&prefix=J", {}, s3.EMPTY,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)  # fmt: skip
def test_signatures_are_those_of_the_published_examples(method, path, headers, payload, signature):
    signed = s3.sign(EXAMPLE, method, EXAMPLE.endpoint + path, headers=headers, payload=payload, at=THEN)
    assert signed["authorization"].endswith(f"Signature={signature}")


def test_the_store_is_chosen_by_the_settings(bucket, settings, tmp_path):
    settings.S3, settings.MEDIA_ROOT = None, tmp_path
    storage.put("7/x", io.BytesIO(b"here"))
    assert (tmp_path / "7" / "x").read_bytes() == b"here"
    settings.S3 = dataclasses.asdict(bucket.place)
    storage.put("7/x", io.BytesIO(b"there"))
    assert bucket.files == {"7/x": b"there"}
    assert storage.read("7/x") == b"there"


def test_a_wrong_secret_is_told_and_not_taken_for_a_missing_file(bucket):
    place = bucket.place
    stranger = s3.Bucket(s3.Place(place.endpoint, place.bucket, place.key, "wrong", place.region))
    for verb in (lambda: put(stranger, "7/x"), lambda: stranger.open("7/x"), lambda: stranger.delete("7/x")):
        with pytest.raises(Unreachable, match="SignatureDoesNotMatch"):
            verb()
    assert bucket.files == {}


def test_no_bucket_is_no_missing_file(bucket):
    place = bucket.place
    with pytest.raises(Unreachable, match="NoSuchBucket"):
        s3.Bucket(s3.Place(place.endpoint, "other", place.key, place.secret, place.region)).open("7/x")


@pytest.mark.parametrize("fault", ["drop", "reset", "refuse"])
def test_a_connection_that_broke_is_tried_once_more(bucket, fault):
    bucket.when("PUT", fault=fault, times=1)
    assert put(s3.Bucket(bucket.place), "7/x", b"again") == 5
    assert bucket.files == {"7/x": b"again"}


def test_a_store_that_is_away(bucket):
    store = s3.Bucket(bucket.place)
    bucket.when("", Answer(503, "<Error><Code>SlowDown</Code></Error>"))
    with pytest.raises(Unreachable, match="SlowDown"):
        put(store, "7/x")
    bucket.stop()
    with pytest.raises(Unreachable):
        store.open("7/x")


def test_a_file_that_breaks_off_is_told(bucket):
    bucket.files["7/x"] = b"x" * 100_000
    bucket.when("GET", fault="truncate")
    with pytest.raises(Unreachable):
        read(s3.Bucket(bucket.place), "7/x")


def test_a_reader_who_stops_gives_the_connection_back(bucket):
    bucket.files["7/x"] = b"x" * 1_000_000
    store = s3.Bucket(bucket.place)
    for _ in range(130):  # more than the pool holds
        reading = store.open("7/x")
        reading.close()
    assert read(store, "7/x", end=3) == b"xxxx"


def test_the_secret_stands_in_no_repr(bucket):
    assert "fake-secret" not in repr(bucket.place)
