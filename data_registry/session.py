"""The door to the registry: open it, and work in one transaction at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data_registry.accounts import Accounts
from data_registry.address import parse_address, sqlite_path
from data_registry.catalogue import Images
from data_registry.content import Content, content_of
from data_registry.datasets import Datasets
from data_registry.engine import make_engine, reading, writing
from data_registry.exports import Exports
from data_registry.faults import clear_error
from data_registry.kpis import Kpis
from data_registry.leases import Audit, Leases
from data_registry.models import Models
from data_registry.monitoring import Monitoring
from data_registry.overrides import Overrides
from data_registry.parts import Parts
from data_registry.references import References
from data_registry.removal import Removal
from data_registry.retraining import Retraining
from data_registry.reviews import Reviews
from data_registry.samples import Samples
from data_registry.upgrade import prepare_postgres, prepare_sqlite
from data_registry.verdicts import Verdicts


class Work:
    """One transaction, with one attribute for each kind of row. Good only inside its `with` block."""

    def __init__(self, session: Session) -> None:
        self.parts = Parts(session)
        self.images = Images(session)
        self.datasets = Datasets(session)
        self.models = Models(session)
        self.samples = Samples(session)
        self.reviews = Reviews(session)
        self.exports = Exports(session)
        self.verdicts = Verdicts(session)
        self.kpis = Kpis(session)
        self.references = References(session)
        self.removal = Removal(session)
        self.monitoring = Monitoring(session)
        self.retraining = Retraining(session)
        self.leases = Leases(session)
        self.audit = Audit(session)
        self.accounts = Accounts(session)
        self.overrides = Overrides(session)


class Registry:
    """An open registry. Made by `open_registry`; close it, or use it in a `with` statement."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def read(self) -> Iterator[Work]:
        """Look at one moment of the registry; writing in here is refused.

        Raises:
            RegistryError: see `data_registry.faults`.
        """
        with _clear_errors(), Session(reading(self._engine), close_resets_only=False) as session:
            yield Work(session)

    @contextmanager
    def write(self) -> Iterator[Work]:
        """Change the registry: all of the block is stored at its end, or nothing if it fails.

        Raises:
            Locked: another process kept the registry for longer than the wait.
            RegistryError: see `data_registry.faults`.
        """
        with (
            _clear_errors(),
            Session(writing(self._engine), expire_on_commit=False, close_resets_only=False) as session,
            session.begin(),
        ):
            yield Work(session)

    def content(self, *, leave_out: Iterable[str] = ()) -> Content:
        """Return all rows without their moments: tables, or `table.column`s, in `leave_out` are not looked at.

        Raises:
            RegistryError: see `data_registry.faults`.
        """
        with _clear_errors():
            return content_of(reading(self._engine), leave_out)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Registry:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_registry(url: str, *, wait_s: float = 5.0) -> Registry:
    """Open the registry at an address; create or migrate its tables when needed.

    Args:
        url: `sqlite:////folder/registry.sqlite3` or `postgresql://user:password@host/database`.
        wait_s: how long a write waits for another writer, in seconds.

    Raises:
        Unreachable: the address is wrong, or no server answers.
        NotADatabase: the file is something else.
        SchemaMismatch: the tables are newer than this program, or another program's.
        NotWritable: no permission, or an SQLite file on a network drive.
        Locked: another process holds a registry that must be migrated.
        NoSpace, Integrity: the disk is full or damaged.
    """
    address = parse_address(url)
    path = sqlite_path(address)
    if path is not None:
        prepare_sqlite(path, wait_s=wait_s)
        return Registry(make_engine(address.set(database=str(path)), wait_s=wait_s))
    engine = make_engine(address, wait_s=wait_s)
    try:
        prepare_postgres(writing(engine))
    except BaseException:
        engine.dispose()
        raise
    return Registry(engine)


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Turn what the database driver reports into a registry error."""
    try:
        yield
    except DBAPIError as fault:
        raise clear_error(fault) from fault
