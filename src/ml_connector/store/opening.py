"""Enters a workspace: finds it, or makes it with a secret of its own and the first line of its ledger."""

from __future__ import annotations

from ml_connector import clock
from ml_connector.errors import ConfigurationError
from ml_connector.store import ledger
from ml_connector.store.database import Cursor, Database
from ml_connector.store.keyring import Keyring, new_secret
from ml_connector.store.sealing import Place, derive, seal, unseal
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import Event


def enter(alias: str, name: str, keyring: Keyring) -> Workspace:
    """The workspace of that name, made on first use. ConfigurationError when the keyring is not the one it knows."""
    database = Database(alias)
    row = _find(database, name)
    if row is None:
        with database.transaction("open_workspace") as cursor:
            _make(cursor, database, name, keyring)
        row = _find(database, name)
    assert row is not None
    number, envelope = row
    return _workspace(database, number, name, keyring, unseal(keyring, Place(number, 0, "workspace"), envelope))


def _workspace(database: Database, number: int, name: str, keyring: Keyring, secret: bytes) -> Workspace:
    return Workspace(
        database,
        number,
        name,
        keyring,
        chain_key=derive(secret, "ledger chain"),
        head_key=derive(secret, "ledger head"),
        seed_key=derive(secret, "credential seed"),
    )


def _find(database: Database, name: str) -> tuple[int, bytes] | None:
    rows = database.rows("SELECT id, envelope FROM store_workspace WHERE name = %s", [name])
    if not rows:
        return None
    if not rows[0][1]:
        raise ConfigurationError(f"Workspace {name} has lost its secret.", fix="Restore the database from a backup.")
    return rows[0][0], bytes(rows[0][1])


def _make(cursor: Cursor, database: Database, name: str, keyring: Keyring) -> None:
    cursor.execute(
        "INSERT INTO store_workspace (name, envelope, key_id, created_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (name) DO NOTHING RETURNING id",
        [name, b"", "", clock.now().timestamp()],
    )
    row = cursor.fetchone()
    if row is None:
        return  # another process was faster
    secret = new_secret()
    envelope, key_id = seal(keyring, Place(row[0], 0, "workspace"), secret)
    cursor.execute("UPDATE store_workspace SET envelope = %s, key_id = %s WHERE id = %s", [envelope, key_id, row[0]])
    workspace = _workspace(database, row[0], name, keyring, secret)
    ledger.open_chain(cursor, workspace, ledger.MAIN)
    ledger.append(cursor, workspace, ledger.MAIN, [Event("workspace_created", data={"workspace": name})])
