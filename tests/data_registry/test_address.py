from __future__ import annotations

from pathlib import Path

import pytest

from data_registry.address import parse_address, refuse_network_drive, sqlite_path
from data_registry.errors import NotWritable, Unreachable


@pytest.mark.parametrize(
    ("text", "driver", "database", "path"),
    [
        ("sqlite:////plant/r.sqlite3", "sqlite+pysqlite", "/plant/r.sqlite3", Path("/plant/r.sqlite3")),
        ("sqlite:///r.sqlite3", "sqlite+pysqlite", "r.sqlite3", Path.cwd() / "r.sqlite3"),
        ("postgresql://me:pw@host:5433/db", "postgresql+psycopg", "db", None),
        ("postgres://host/db", "postgresql+psycopg", "db", None),
        ("postgresql+psycopg://host/db", "postgresql+psycopg", "db", None),
    ],
)
def test_an_address_names_a_database(text: str, driver: str, database: str, path: Path | None) -> None:
    url = parse_address(text)
    assert (url.drivername, url.database) == (driver, database)
    assert sqlite_path(url) == path


@pytest.mark.parametrize(
    "text",
    ["", "registry.sqlite3", "sqlite://", "sqlite:///:memory:", "mysql://me:secret@host/db", "http://host"],
)
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(Unreachable) as refusal:
        parse_address(text)
    assert "secret" not in str(refusal.value)
    assert refusal.value.exit_code == 3


MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:30 / /mnt/share rw - cifs //server/share rw
31 22 0:31 / /mnt/nas\\040two rw - nfs4 nas:/two rw
32 30 254:1 / /mnt/share/local rw - xfs /dev/vdb rw
33 22 0:33 / /home/me/far rw - fuse.sshfs me@far:/ rw
a broken line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/plant/r.sqlite3", None),
        ("/mnt/share/r.sqlite3", "cifs"),
        ("/mnt/share/deep/er/r.sqlite3", "cifs"),
        ("/mnt/shared/r.sqlite3", None),
        ("/mnt/share/local/r.sqlite3", None),
        ("/mnt/nas two/r.sqlite3", "nfs4"),
        ("/home/me/far/../far/r.sqlite3", "fuse.sshfs"),
    ],
)
def test_sqlite_on_a_network_drive_is_refused(path: str, kind: str | None) -> None:
    if kind is None:
        refuse_network_drive(Path(path), MOUNTS)
        return
    with pytest.raises(NotWritable) as refusal:
        refuse_network_drive(Path(path), MOUNTS)
    assert kind in refusal.value.found
    assert "PostgreSQL" in refusal.value.action


def test_the_disk_of_this_machine_is_taken(tmp_path: Path) -> None:
    refuse_network_drive(tmp_path / "registry.sqlite3")
    refuse_network_drive(tmp_path / "registry.sqlite3", mounts="")
