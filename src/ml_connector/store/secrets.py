"""Secrets: sealed credentials of connections, tokens among them, and their rotation to another key.

Every workspace has a secret of its own too, sealed like a credential; the keys of its ledger are derived from it
(HKDF). So the ledger is keyed from outside of the database, and a rotation of the keyring leaves it provable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from ml_connector import clock
from ml_connector.errors import ConfigurationError
from ml_connector.store.database import Cursor
from ml_connector.store.keyring import Keyring, add_key, key_id, load_keyring
from ml_connector.store.ledger import MAIN, append
from ml_connector.store.sealing import Place, rewrap, seal, unseal
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import Event

__all__ = ["Keyring", "StoredMemory", "add_key", "load", "load_keyring", "plant", "rotate", "store"]

Json = dict[str, Any]
BOUND_TO = frozenset({"client_id", "refresh_token"})
"""Whose token it is."""
TOKEN = "token"  # noqa: S105
"""Field of the tokens; configured fields are `<auth_mode>/<field>`, so that these never meet."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A credential as stored."""

    workspace: Workspace
    place: Place
    envelope: bytes

    def text(self) -> str:
        """Decrypted."""
        return unseal(self.workspace.keyring, self.place, self.envelope).decode()


def load(workspace: Workspace, connection_id: int, auth_mode: str) -> dict[str, Sealed]:
    """The credentials configured for one way to sign in, by field."""
    rows = workspace.database.rows(
        "SELECT field, envelope FROM store_credential WHERE workspace_id = %s AND connection_id = %s ORDER BY field",
        [workspace.id, connection_id],
    )
    prefix = f"{auth_mode}/"
    return {
        field.removeprefix(prefix): Sealed(workspace, Place(workspace.id, connection_id, field), bytes(envelope))
        for field, envelope in rows
        if field.startswith(prefix)
    }


def plant(
    cursor: Cursor, workspace: Workspace, connection_id: int, auth_mode: str, seeds: Mapping[str, str]
) -> list[tuple[str, bool]]:
    """Store the seeds whose text is new; (field, whether there was one before) of each.

    A token that another client or another sign-in got is forgotten then; a new password of the same client leaves it.
    """
    cursor.execute(
        "SELECT field, seed FROM store_credential WHERE workspace_id = %s AND connection_id = %s",
        [workspace.id, connection_id],
    )
    stored = {field: bytes(seed) if seed is not None else None for field, seed in cursor.fetchall()}
    planted = []
    for name, text in seeds.items():
        place = Place(workspace.id, connection_id, f"{auth_mode}/{name}")
        seed = _seed(workspace, place, text)
        if stored.get(place.field) != seed:
            store(cursor, workspace, place, text.encode(), seed)
            planted.append((name, place.field in stored))
    if TOKEN in stored and not BOUND_TO.isdisjoint(name for name, _ in planted):
        cursor.execute(
            "DELETE FROM store_credential WHERE workspace_id = %s AND connection_id = %s AND field = %s",
            [workspace.id, connection_id, TOKEN],
        )
    return planted


def store(cursor: Cursor, workspace: Workspace, place: Place, secret: bytes, seed: bytes | None) -> None:
    """Seal a secret and put it in its place."""
    envelope, newest = seal(workspace.keyring, place, secret)
    cursor.execute(
        "INSERT INTO store_credential (workspace_id, connection_id, field, envelope, key_id, seed, changed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (workspace_id, connection_id, field) DO UPDATE SET"
        " envelope = excluded.envelope, key_id = excluded.key_id, seed = excluded.seed,"
        " changed_at = excluded.changed_at",
        [place.workspace_id, place.connection_id, place.field, envelope, newest, seed, clock.now().timestamp()],
    )


def _seed(workspace: Workspace, place: Place, text: str) -> bytes:
    described = msgspec.msgpack.encode((place, text))
    return hashlib.blake2b(described, key=workspace.seed_key, digest_size=32).digest()


def rotate(workspace: Workspace) -> int:
    """Wrap every secret of every workspace of the database under the newest key; how many were not yet.

    One transaction; the ledger of this workspace says so. Old keys may leave the keyring afterwards.
    """
    newest = key_id(workspace.keyring.keys[0])
    lock = workspace.database.lock
    with workspace.database.transaction("rotate") as cursor:
        cursor.execute(f"SELECT id, envelope FROM store_workspace WHERE key_id <> %s{lock}", [newest])  # noqa: S608
        secrets = [(Place(number, 0, "workspace"), bytes(envelope)) for number, envelope in cursor.fetchall()]
        cursor.execute(
            "SELECT workspace_id, connection_id, field, envelope FROM store_credential"  # noqa: S608
            f" WHERE key_id <> %s{lock}",
            [newest],
        )
        secrets += [(Place(*row[:3]), bytes(row[3])) for row in cursor.fetchall()]
        for place, envelope in secrets:
            _replace(cursor, place, *rewrap(workspace.keyring, place, envelope))
        if secrets:
            append(cursor, workspace, MAIN, [Event("keys_rotated", data={"key": newest, "secrets": len(secrets)})])
    return len(secrets)


def _replace(cursor: Cursor, place: Place, envelope: bytes, newest: str) -> None:
    if place.connection_id == 0:
        cursor.execute(
            "UPDATE store_workspace SET envelope = %s, key_id = %s WHERE id = %s",
            [envelope, newest, place.workspace_id],
        )
        return
    cursor.execute(
        "UPDATE store_credential SET envelope = %s, key_id = %s"
        " WHERE workspace_id = %s AND connection_id = %s AND field = %s",
        [envelope, newest, place.workspace_id, place.connection_id, place.field],
    )


class StoredMemory:
    """`systems.base.Memory` of one connection: encrypted, shared by all processes."""

    def __init__(self, workspace: Workspace, connection: str, name: str = TOKEN) -> None:
        """Asks the database nothing yet: it is made where only threads may ask."""
        self._workspace = workspace
        self._connection = connection
        self._name = name

    @cached_property
    def _place(self) -> Place:
        rows = self._workspace.database.rows(
            "SELECT id FROM store_connection WHERE workspace_id = %s AND name = %s",
            [self._workspace.id, self._connection],
        )
        if not rows:
            raise ConfigurationError(f"There is no connection {self._connection!r}.", fix="Configure it with `apply`.")
        return Place(self._workspace.id, rows[0][0], self._name)

    def load(self) -> Json | None:
        place = self._place
        with self._workspace.database.transaction() as cursor:
            return self._load(cursor, place, "")

    def compare_and_swap(self, expected: Json | None, new: Json) -> bool:
        """Store `new` if `expected` is what is stored; False: another process was faster, load again."""
        database, place = self._workspace.database, self._place
        with database.transaction("memory") as cursor:
            # The connection's row serialises the swap even before there is anything to lock.
            cursor.execute(
                f"SELECT 1 FROM store_connection WHERE id = %s{database.lock}",  # noqa: S608
                [place.connection_id],
            )
            if self._load(cursor, place, database.lock) != expected:
                return False
            store(cursor, self._workspace, place, msgspec.json.encode(new), None)
            return True

    def _load(self, cursor: Cursor, place: Place, lock: str) -> Json | None:
        cursor.execute(
            "SELECT envelope FROM store_credential"  # noqa: S608
            f" WHERE workspace_id = %s AND connection_id = %s AND field = %s{lock}",
            list(msgspec.structs.astuple(place)),
        )
        row = cursor.fetchone()
        if row is None:
            return None
        decoded: Json = msgspec.json.decode(unseal(self._workspace.keyring, place, bytes(row[0])))
        return decoded
