"""Transactions on Django's connection, and database errors in the words of the operator who has to act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.utils import Error, InterfaceError, OperationalError

from ml_connector.errors import ConfigurationError, MLConnectorError, TransientError
from ml_connector.store.faults import point

Cursor = CursorWrapper
Row = tuple[Any, ...]


class Database:
    """One configured database; every thread has a connection of its own to it."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.postgresql = connections.settings[alias]["ENGINE"].endswith("postgresql")
        self.now = (
            "extract(epoch from clock_timestamp())::float8"
            if self.postgresql
            else "((julianday('now') - 2440587.5) * 86400.0)"
        )
        """SQL: the database's own time, seconds since 1970."""
        self.lock = " FOR UPDATE" if self.postgresql else ""
        """SQL: keeps a row until the transaction ends; SQLite's transactions keep the whole file."""
        self._opened: dict[int, BaseDatabaseWrapper] = {}

    def connection(self) -> BaseDatabaseWrapper:
        """This thread's connection."""
        connection = connections[self.alias]
        if id(connection) not in self._opened:
            connection.inc_thread_sharing()
            self._opened[id(connection)] = connection
        return connection

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._opened.values():
            connection.close()
        self._opened.clear()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn database errors into ours; a broken connection is dropped, so that the next call makes a new one."""
        connection = self.connection()
        try:
            with connection.wrap_database_errors:
                yield
        except Error as error:
            if not connection.in_atomic_block and not connection.is_usable():
                connection.close()
            raise explain(error) from error

    @contextmanager
    def transaction(self, name: str = "") -> Iterator[Cursor]:
        """One transaction, from the first statement on alone in writing (SQLite); `name` for `faults.point`."""
        with self.explained():
            with transaction.atomic(using=self.alias, durable=True):
                with self.connection().cursor() as cursor:
                    yield cursor
                if name:
                    point(f"{name}:before_commit")
            if name:
                point(f"{name}:after_commit")

    @contextmanager
    def snapshot(self) -> Iterator[Cursor]:
        """Reads that all see one moment; nobody waits for them."""
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if self.postgresql else "BEGIN DEFERRED"
        connection = self.connection()
        with self.explained(), connection.cursor() as cursor:
            cursor.execute(begin, None)
            if self.postgresql:  # whoever reads an export may take his time
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0", None)
            try:
                yield cursor
            finally:
                if connection.connection is not None:
                    cursor.execute("ROLLBACK", None)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query outside of a transaction."""
        with self.explained(), self.connection().cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def among(self, column: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
        """SQL `column IN values`, and its parameters."""
        if self.postgresql:
            return f"{column} = ANY(%s)", [list(values)]
        return f"{column} IN ({','.join(['%s'] * len(values))})", list(values)


_FULL = (
    "The disk that holds the database is full.",
    "Free some space and run again: what was settled before is kept, the rest is done again.",
)
_READ_ONLY = (
    "The database cannot be written: its file, its folder or the disk is read-only.",
    "Let the user who runs ml-connector write to the data folder, or name another one in ML_CONNECTOR_HOME.",
)
_SQLITE_WORDS = {
    "database or disk is full": _FULL,
    "readonly database": _READ_ONLY,
    "unable to open database file": (
        "The database file cannot be opened.",
        "Check that its folder exists and that the user who runs ml-connector may write to it.",
    ),
    "file is not a database": (
        "The database file is not one of ml-connector, or it is damaged.",
        "Restore it from a backup, or name another data folder in ML_CONNECTOR_HOME.",
    ),
    "malformed": ("The database file is damaged.", "Restore it from a backup."),
    "disk I/O error": ("The disk that holds the database reports errors.", "Check the disk; restore from a backup."),
}
_POSTGRESQL_STATES = {
    "53100": _FULL,
    "25006": ("The PostgreSQL database is read-only.", "Connect to the primary server, not to a standby."),
    "28": ("PostgreSQL refused the sign-in.", "Check user and password in the database URL."),
    "3D000": ("The PostgreSQL database does not exist.", "Create it, or correct its name in the database URL."),
    "42501": (
        "The PostgreSQL role lacks a right.",
        "Grant it as the operations page says, or name a role that has it in the migration URL.",
    ),
    "42P01": ("A table of ml-connector is missing.", "Migrate the database with a role that may create tables."),
}
_LOST = ("08", "57P", "25P03", "25P04")
"""PostgreSQL: connection failures, the server going down, a transaction left idle for too long."""
_BUSY = TransientError(
    "Another process has kept the database busy for too long.", fix="Nothing to do: it is tried again on the next run."
)


def explain(error: Error) -> MLConnectorError:
    """What a database error means to the operator; the error itself stays its cause."""
    state = getattr(error.__cause__, "sqlstate", None)
    text = str(error)
    for sign, (message, fix) in _SQLITE_WORDS.items():
        if sign in text and state is None:
            return ConfigurationError(message, fix=fix)
    if state:
        for sign, (message, fix) in _POSTGRESQL_STATES.items():
            if state.startswith(sign):
                return ConfigurationError(message, fix=fix)
    if "database is locked" in text or state in ("40001", "40P01", "55P03"):
        return TransientError(_BUSY.message, fix=_BUSY.fix)
    return _lost_or_bug(error, state)


def _lost_or_bug(error: Error, state: str | None) -> MLConnectorError:
    if isinstance(error, OperationalError | InterfaceError) or (state or "").startswith(_LOST):
        reason = " ".join(str(error).split())[:300]
        if state is None and "connection" in reason.lower() and "lost" not in reason and "closed" not in reason:
            return ConfigurationError(
                f"The database cannot be reached: {reason}",
                fix="Check that it runs, and host, port and name in the database URL.",
            )
        return TransientError(f"The connection to the database was lost: {reason}")
    raise error
