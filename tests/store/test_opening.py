"""Opening the database: at once by several processes, and with one clear message when it cannot be."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command

from ml_connector.errors import ConfigurationError, MLConnectorError, TransientError
from ml_connector.store import configuration, models
from ml_connector.store.database import Database
from ml_connector.store.roles import runtime_role
from ml_connector.store.setup import configure, migrate, open_workspace
from ml_connector.store.store import DjangoStore
from ml_connector.store.workspace import Workspace

from .conftest import KEYRING
from .scene import FLOW, IFS, SNOW, Scene, record

_OPEN = """
import sys
from pathlib import Path
from ml_connector.store.keyring import Keyring
from ml_connector.store.setup import open_workspace
print(open_workspace(sys.argv[1], Path(sys.argv[2]), Keyring([b"k" * 32], "test")).id)
"""


def test_models_and_migrations_agree(workspace: Workspace) -> None:
    call_command("makemigrations", "store", check=True, dry_run=True, verbosity=0)


def test_an_up_to_date_database_is_left_alone(workspace: Workspace) -> None:
    assert migrate(workspace.database.alias) == []


def test_several_processes_open_a_new_database_at_once(database_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _OPEN, database_url, str(tmp_path)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=60)[0] for process in started] == ["1\n"] * 3


def test_a_database_of_a_newer_program_is_refused(workspace: Workspace, database_url: str, tmp_path: Path) -> None:
    with workspace.database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('store', '0999_future', '2030-01-01 00:00:00')"
        )
    with pytest.raises(ConfigurationError, match="newer ml-connector"):
        open_workspace(database_url, tmp_path, KEYRING, alias=workspace.database.alias)


def test_the_default_is_a_file_in_the_data_folder(tmp_path: Path, alias: str) -> None:
    workspace = open_workspace("", tmp_path / "a b?", KEYRING, alias=alias)
    assert (tmp_path / "a b?" / "ml-connector.sqlite3").exists()
    [(mode,)] = workspace.database.rows("PRAGMA journal_mode")
    [(synchronous,)] = workspace.database.rows("PRAGMA synchronous")
    assert (mode, synchronous) == ("wal", 2)
    workspace.close()


def refused(url: str, home: Path, alias: str) -> MLConnectorError:
    with pytest.raises(MLConnectorError) as caught:
        open_workspace(url, home, KEYRING, alias=alias)
    assert caught.value.fix
    return caught.value


def test_a_file_that_is_no_database(tmp_path: Path, alias: str) -> None:
    (tmp_path / "ml-connector.sqlite3").write_text("this is no database, but a letter to a friend " * 50)
    error = refused("", tmp_path, alias)
    assert isinstance(error, ConfigurationError)
    assert "not one of ml-connector" in error.message


def test_a_folder_in_place_of_the_database(tmp_path: Path, alias: str) -> None:
    (tmp_path / "ml-connector.sqlite3").mkdir()
    assert "cannot be opened" in refused("", tmp_path, alias).message


def test_a_file_in_place_of_the_data_folder(tmp_path: Path, alias: str) -> None:
    (tmp_path / "home").write_text("")
    assert "cannot be made" in refused("", tmp_path / "home", alias).message


def test_a_read_only_database(tmp_path: Path, alias: str) -> None:
    sqlite3.connect(tmp_path / "store.sqlite3").close()
    error = refused(f"sqlite://{tmp_path}/store.sqlite3?mode=ro", tmp_path, alias)
    assert isinstance(error, ConfigurationError)
    assert "cannot be written" in error.message


def test_a_full_disk(tmp_path: Path, alias: str) -> None:
    workspace = open_workspace("", tmp_path, KEYRING, alias=alias)
    scene = Scene(workspace)
    scene.execute("PRAGMA max_page_count = 1")
    with pytest.raises(ConfigurationError, match="disk that holds the database is full") as caught:
        scene.settle(*(record(str(number), facts={"x": "y" * 5000}) for number in range(50)))
    assert caught.value.fix
    scene.execute("PRAGMA max_page_count = 1000000")
    assert scene.store.route_state(scene.route).records == 0
    scene.settle(record("1"))
    workspace.close()


def test_a_database_kept_busy_by_others(tmp_path: Path, alias: str) -> None:
    workspace = open_workspace("", tmp_path, KEYRING, alias=alias)
    scene = Scene(workspace)
    scene.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(tmp_path / "ml-connector.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TransientError, match="busy"):
        scene.settle(record("1"))
    other.close()
    workspace.close()


@pytest.mark.parametrize("url", ["mysql://u:secret@h/d", "nonsense", "postgresql://u:secret@h:x:y/d?a=b"])
def test_a_url_that_cannot_be_understood_is_not_repeated(tmp_path: Path, alias: str, url: str) -> None:
    error = refused(url, tmp_path, alias)
    assert "cannot be understood" in error.message
    assert "secret" not in str(error)


def test_a_server_that_does_not_answer(tmp_path: Path, alias: str) -> None:
    error = refused("postgresql://u:secret@127.0.0.1:1/d", tmp_path, alias)
    assert isinstance(error, ConfigurationError)
    assert "cannot be reached" in error.message
    assert "secret" not in str(error)


@pytest.mark.postgres
def test_a_postgresql_database_that_does_not_exist(postgresql_url: str, tmp_path: Path, alias: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(postgresql_url)["dbname"]
    error = refused(postgresql_url.replace(str(name), "nowhere"), tmp_path, alias)
    assert isinstance(error, ConfigurationError)
    assert "does not exist" in error.message


@pytest.mark.postgres
def test_a_lost_connection_is_told_and_the_next_call_makes_a_new_one(
    postgresql_url: str, tmp_path: Path, alias: str
) -> None:
    scene = Scene(open_workspace(postgresql_url, tmp_path, KEYRING, alias=alias))
    [(pid,)] = scene.execute("SELECT pg_backend_pid()")
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", [pid])
    with pytest.raises(TransientError, match="was lost"):
        scene.settle(record("1"))
    scene.settle(record("1"))
    assert scene.states("1")
    scene.store.close()


@pytest.mark.postgres
def test_a_process_frozen_within_a_transaction_does_not_keep_the_flow(
    postgresql_url: str, tmp_path: Path, alias: str
) -> None:
    limited = f"{postgresql_url}&options=-c%20idle_in_transaction_session_timeout%3D200ms"
    scene = Scene(open_workspace(limited, tmp_path, KEYRING, alias=alias))
    other = Scene.__new__(Scene)
    other.workspace = open_workspace(postgresql_url, tmp_path, KEYRING, alias=f"{alias}-other")
    other.store = DjangoStore(other.workspace)
    with pytest.raises(TransientError), scene.workspace.database.transaction() as cursor:
        cursor.execute("SELECT * FROM store_lease FOR UPDATE")
        other.execute("SET lock_timeout = '20s'")
        other.execute("UPDATE store_lease SET expires_at = 0")
        assert other.store.acquire(scene.flow.id, "other/1/y", 5).took_over
        cursor.execute("SELECT 1")
    scene.store.close()
    other.store.close()


@pytest.mark.postgres
def test_the_role_that_runs_flows_cannot_touch_the_ledger(postgresql_url: str, tmp_path: Path, alias: str) -> None:
    owner = open_workspace(postgresql_url, tmp_path, KEYRING, alias=alias)
    role = f"runner_{alias.replace('-', '_')}"
    with owner.database.connection().cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role} LOGIN")
        cursor.execute(runtime_role(role))
    url = postgresql_url.replace("postgres:@", f"{role}:@")
    workspace = open_workspace(url, tmp_path, KEYRING, migration_url=postgresql_url, alias=f"{alias}-runner")
    scene = Scene(workspace)
    scene.settle(record("1"))
    scene.finish()
    for statement in (
        "UPDATE store_ledgerevent SET kind = 'x'",
        "DELETE FROM store_ledgerevent",
        "DROP TABLE store_run",
    ):
        with pytest.raises(ConfigurationError, match="lacks a right"), workspace.database.explained():
            scene.execute(statement)
    workspace.close()
    with owner.database.connection().cursor() as cursor:
        cursor.execute(f"DROP OWNED BY {role}")
        cursor.execute(f"DROP ROLE {role}")
    owner.close()


def test_the_role_may_write_every_table_of_the_models() -> None:
    granted = runtime_role("runner")
    for model in (model for model in vars(models).values() if isinstance(model, type)):
        if issubclass(model, models.Stored) and not model._meta.abstract:
            assert f'"{model._meta.db_table}"' in granted.replace("store_ledgerevent", '"store_ledgerevent"')


def test_a_closed_store_opens_again_by_itself(workspace: Workspace) -> None:
    configuration.apply(workspace, [IFS, SNOW], [FLOW], actor="anna")
    store = DjangoStore(workspace)
    store.close()
    store.close()
    assert store.route_state(1).records == 0


def test_configure_twice_names_the_new_database(tmp_path: Path, alias: str) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        configure("", tmp_path / folder, alias=alias)
        migrate(alias)
        assert (tmp_path / folder / "ml-connector.sqlite3").exists()
        Database(alias).connection().close()
