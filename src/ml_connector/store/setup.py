"""Opens the database: Django's settings, migrations, and the workspace that everything else is bounded by.

>>> keyring = secrets.load_keyring(home, os.environ)
>>> workspace = setup.open_workspace(database_url, home, keyring)
>>> store = DjangoStore(workspace)
"""

from __future__ import annotations

import os
import pkgutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from django.apps import apps
from django.conf import settings

from ml_connector.errors import ConfigurationError

if TYPE_CHECKING:
    from ml_connector.store.keyring import Keyring
    from ml_connector.store.workspace import Workspace

DEFAULT_ALIAS = "default"
SQLITE_FILE = "ml-connector.sqlite3"
BUSY_TIMEOUT_S = 30
_MIGRATION_LOCK = 0x6D6C_636F

_SQLITE_START = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -32000;
PRAGMA wal_autocheckpoint = 16000;
PRAGMA temp_store = MEMORY;
"""


_POSTGRESQL_START = f"-c lock_timeout={BUSY_TIMEOUT_S}s -c idle_in_transaction_session_timeout=15s"
"""A process that is frozen within a transaction must not keep the flow's lease from the one that takes over."""


def base_settings() -> dict[str, Any]:
    """Django settings without a database; a web process adds its own apps to them."""
    return {
        "INSTALLED_APPS": ["ml_connector.store.apps.StoreConfig"],
        "DATABASES": {},
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "LOGGING_CONFIG": None,
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
    }


def ready_django() -> None:
    """Set Django up, once, unless the process brings settings of its own."""
    if os.environ.get("DJANGO_SETTINGS_MODULE"):
        return
    if not settings.configured:
        settings.configure(**base_settings())
    if not apps.ready and not apps.loading:
        django.setup()


def configure(database_url: str, home: Path, *, alias: str = DEFAULT_ALIAS) -> None:
    """Name the database: "" is SQLite in `home`, else `sqlite:///path` or any libpq URL (`postgresql://...`).

    Opens nothing. ConfigurationError for a URL that cannot be understood; its text is not repeated, it may hold a
    password.
    """
    from django.db import connections

    scheme = database_url.partition(":")[0]
    if not database_url:
        entry = _sqlite((home / SQLITE_FILE).absolute().as_uri())
    elif scheme == "sqlite":
        entry = _sqlite("file" + database_url.removeprefix("sqlite"))
    elif scheme in ("postgresql", "postgres"):
        entry = _postgresql(database_url)
    else:
        raise _bad_url()
    if alias in connections.settings and alias in connections:
        connections[alias].close()
        del connections[alias]
    named = {DEFAULT_ALIAS: {}, alias: entry}
    connections.settings[alias] = connections.configure_settings(named)[alias]


def _bad_url() -> ConfigurationError:
    return ConfigurationError(
        "The database URL cannot be understood.",
        fix="Write postgresql://user:password@host:port/database, or leave it out for SQLite in the data folder.",
    )


def _sqlite(uri: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": uri,
        "OPTIONS": {
            "uri": True,
            "timeout": BUSY_TIMEOUT_S,
            "transaction_mode": "IMMEDIATE",
            "init_command": _SQLITE_START,
        },
    }


def _postgresql(url: str) -> dict[str, Any]:
    import psycopg

    try:
        options = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise _bad_url() from None
    named = {
        django_name: str(options.pop(libpq_name, ""))
        for django_name, libpq_name in (
            ("NAME", "dbname"),
            ("USER", "user"),
            ("PASSWORD", "password"),
            ("HOST", "host"),
            ("PORT", "port"),
        )
    }
    given = str(options.pop("options", None) or "")
    options.setdefault("application_name", "ml-connector")
    options.setdefault("connect_timeout", "10")
    return {
        "ENGINE": "django.db.backends.postgresql",
        **named,
        "NAME": named["NAME"] or "postgres",
        "OPTIONS": {**options, "options": f"{_POSTGRESQL_START} {given}".strip(), "server_side_binding": True},
    }


def migrate(alias: str = DEFAULT_ALIAS) -> list[str]:
    """Bring the schema up to date where needed; the names of the migrations applied. Safe in two processes at once.

    ConfigurationError when the database cannot be opened or written, or was made by a newer program.
    """
    from ml_connector.store.database import Database

    database = Database(alias)
    with database.explained():
        if _applied(alias) == _ours():
            return []
        with _one_at_a_time(alias):
            before = _applied(alias)
            if newer := before - _ours():
                raise _newer(newer)
            if before != _ours():
                from django.core.management import call_command

                call_command("migrate", database=alias, verbosity=0, interactive=False)
            return sorted(_ours() - before)


def _newer(names: set[str]) -> ConfigurationError:
    return ConfigurationError(
        f"The database was made by a newer ml-connector (it has {', '.join(sorted(names))}).",
        fix="Install that version or a later one; nothing was changed.",
    )


def _ours() -> set[str]:
    from ml_connector.store import migrations

    return {module.name for module in pkgutil.iter_modules(migrations.__path__)}


def _applied(alias: str) -> set[str]:
    from django.db import connections
    from django.db.migrations.recorder import MigrationRecorder

    recorder = MigrationRecorder(connections[alias])
    return {name for app, name in recorder.applied_migrations() if app == "store"}


@contextmanager
def _one_at_a_time(alias: str) -> Iterator[None]:
    """Lets one process migrate while the others wait; ends with the process that holds it."""
    from django.db import connections

    connection = connections[alias]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0", None)
            cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])
                cursor.execute("RESET lock_timeout", None)
        return
    with connection.cursor() as cursor:
        path = cursor.execute("PRAGMA database_list").fetchone()[2]
    if not path:
        yield
        return
    lock = sqlite3.connect(f"{path}.migrating", timeout=120, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        lock.close()  # the empty file stays: another process may be waiting for it


def open_workspace(
    database_url: str,
    home: Path,
    keyring: Keyring,
    *,
    name: str = "default",
    migration_url: str = "",
    alias: str = DEFAULT_ALIAS,
) -> Workspace:
    """`configure`, `migrate` and the workspace `name`, which is made on first use.

    `migration_url`: the same PostgreSQL database under a role that may change the schema, where the role of
    `database_url` may not (see `roles.py`).
    """
    from ml_connector.store.opening import enter

    if not database_url:
        _make(home)
    if migration_url:
        owner = f"{alias}-migration"
        configure(migration_url, home, alias=owner)
        migrate(owner)
    configure(database_url, home, alias=alias)
    migrate(alias)
    return enter(alias, name, keyring)


def _make(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {home} cannot be made: {error.strerror}.",
            fix="Make it yourself, or name another one in ML_CONNECTOR_HOME.",
        ) from error
