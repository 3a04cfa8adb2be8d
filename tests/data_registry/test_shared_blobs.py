"""Two boxes with one store of bytes: through fsspec's folder and memory, and S3 where s3fs and moto are installed."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from data_registry.errors import Integrity, NotWritable, Unreachable
from data_registry.shared_blobs import SharedBlobStore

NAME = hashlib.sha256(b"a picture").hexdigest()


@pytest.fixture(params=["folder", "memory", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return f"file://{tmp_path}/share/blobs"
    if request.param == "memory":
        return f"memory://{uuid.uuid4().hex}/blobs"
    bucket: str = request.getfixturevalue("s3")
    return f"{bucket}/{uuid.uuid4().hex}"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A bucket of a server that speaks S3, on this machine."""
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'factory-gen[s3]'")
    pytest.importorskip("moto", reason="moto, which plays the server, does not fit beside MLflow's packages")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)], stderr=subprocess.DEVNULL
    )
    facts = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in facts.items():
            patch.setenv(name, value)
        try:
            for _ in range(100):
                with socket.socket() as looked:
                    if looked.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            s3fs.S3FileSystem().mkdir("plant")
            yield "s3://plant"
        finally:
            server.terminate()
            server.wait()


def test_what_one_box_stores_the_other_reads(tmp_path: Path, url: str) -> None:
    here, there = SharedBlobStore(tmp_path / "a", url), SharedBlobStore(tmp_path / "b", url)
    assert list(there.iter_hashes()) == [] and not there.exists(NAME) and there.size(NAME) == 0
    assert here.put(b"a picture") == here.put(b"a picture") == NAME
    long = bytes(range(256)) * 5000
    (tmp_path / "in.png").write_bytes(long)
    other = here.put_file(tmp_path / "in.png")
    assert there.exists(NAME) and there.size(other) == len(long)
    assert there.read(NAME) == b"a picture" and there.read(other) == long
    assert there.path(NAME).read_bytes() == b"a picture"
    assert there.hash_of(other) == other
    assert list(there.iter_hashes()) == sorted([NAME, other])
    shutil.rmtree(here.root)
    here.root.mkdir()
    assert here.read(NAME) == b"a picture"
    assert there.destroy(NAME) and not here.exists(NAME) and not here.destroy(NAME)


def test_what_another_process_stores_after_a_listing_is_there(tmp_path: Path, url: str) -> None:
    store = SharedBlobStore(tmp_path / "a", url)
    store.put(b"a picture")
    assert list(store.iter_hashes()) == [NAME]
    # a second one in the same folder of names
    data = next(d for d in (b"%d" % n for n in range(9999)) if hashlib.sha256(d).hexdigest()[:2] == NAME[:2])
    name = hashlib.sha256(data).hexdigest()
    files, base = fsspec.core.url_to_fs(url, skip_instance_cache=True)
    files.pipe_file(f"{base}/{name[:2]}/{name[2:]}", data)
    assert store.exists(name) and store.read(name) == data
    assert set(store.iter_hashes()) == {NAME, name}


def test_bytes_that_are_missing_or_changed_are_told(tmp_path: Path, url: str) -> None:
    store = SharedBlobStore(tmp_path / "a", url)
    for ask in (store.read, store.hash_of):
        with pytest.raises(Integrity, match="no such blob"):
            ask(NAME)
    store.put(b"a picture")
    files, base = fsspec.core.url_to_fs(url)
    files.pipe_file(f"{base}/{NAME[:2]}/{NAME[2:]}", b"another")
    assert store.hash_of(NAME) == hashlib.sha256(b"another").hexdigest()
    with pytest.raises(Integrity, match="bytes that hash to"):
        SharedBlobStore(tmp_path / "b", url).read(NAME)
    store.put(b"a picture")  # mends what is not of the full size
    assert store.hash_of(NAME) == NAME


def test_an_upload_that_breaks_off_leaves_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SharedBlobStore(tmp_path / "a", f"file://{tmp_path}/share")

    def broken(*_: object, **__: object) -> None:
        raise OSError("the share went away")

    with monkeypatch.context() as patch:
        patch.setattr(type(store._fs), "mv", broken)
        with pytest.raises(Unreachable, match="went away"):
            store.put(b"a picture")
    assert not store.exists(NAME) and list(store.iter_hashes()) == []
    assert store.put(b"a picture") == NAME and store.exists(NAME)


@pytest.mark.parametrize("address", ["nonsense://x/y", "file:///proc/1/nothing/blobs"])
def test_an_address_that_leads_nowhere_is_refused_at_once(tmp_path: Path, address: str) -> None:
    with pytest.raises((Unreachable, NotWritable), match=r"stored? (of )?bytes"):
        SharedBlobStore(tmp_path / "a", address)


def test_a_bucket_that_is_not_there_is_refused_at_once(tmp_path: Path, s3: str) -> None:
    with pytest.raises((Unreachable, NotWritable), match=r"s3://no-such-bucket/blobs"):
        SharedBlobStore(tmp_path / "a", "s3://no-such-bucket/blobs")
    assert "AWS_ENDPOINT_URL" in os.environ
