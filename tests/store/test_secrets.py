"""Secrets are sealed, bound to their place, and follow the newest key."""

from __future__ import annotations

import base64
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from ml_connector.errors import ConfigurationError
from ml_connector.store import audit, configuration, secrets
from ml_connector.store.keyring import Keyring
from ml_connector.store.secrets import StoredMemory
from ml_connector.store.setup import open_workspace
from ml_connector.store.workspace import Workspace

from .conftest import KEYRING
from .scene import FLOW, IFS, SNOW, Scene, record

TEXT = base64.b64encode(b"a" * 32).decode()
OTHER = base64.urlsafe_b64encode(b"\xff" * 32).decode()


def test_a_key_is_made_on_first_use_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "new"
    first = secrets.load_keyring(home, {})
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600
    assert secrets.load_keyring(home, {}).keys == first.keys
    assert [path.name for path in home.iterdir()] == ["secret.key"]


def test_keys_come_newest_first_from_variable_or_file(tmp_path: Path) -> None:
    assert secrets.load_keyring(tmp_path, {"ML_CONNECTOR_SECRET_KEY": f"{TEXT}, {OTHER}"}).keys == [
        b"a" * 32,
        b"\xff" * 32,
    ]
    file = tmp_path / "keys"
    file.write_text(f"{OTHER}\n{TEXT}\n")
    file.chmod(0o600)
    found = secrets.load_keyring(tmp_path, {"ML_CONNECTOR_SECRET_KEY_FILE": str(file)})
    assert found.keys == [b"\xff" * 32, b"a" * 32]
    assert "YWFh" not in repr(found)
    assert "aaa" not in repr(found)


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    file.write_text(TEXT)
    file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="mode 0640") as caught:
        secrets.load_keyring(tmp_path, {})
    assert f"chmod 600 {file}" in caught.value.fix


@pytest.mark.parametrize("text", ["short", TEXT + "AAAA", "ü", f"{TEXT} !"])
def test_what_is_no_key_is_refused_without_being_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="not 32 bytes") as caught:
        secrets.load_keyring(tmp_path, {"ML_CONNECTOR_SECRET_KEY": text})
    assert TEXT not in str(caught.value)


def test_a_named_key_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        secrets.load_keyring(tmp_path, {"ML_CONNECTOR_SECRET_KEY_FILE": str(tmp_path / "nowhere")})


def test_a_new_key_is_put_in_front_of_the_others(tmp_path: Path) -> None:
    old = secrets.load_keyring(tmp_path, {})
    new = secrets.add_key(tmp_path / "secret.key")
    assert new.keys[1:] == old.keys
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_a_credential_is_read_back_and_not_stored_in_the_clear(scene: Scene) -> None:
    found = configuration.load_connection(scene.workspace, "ifs")
    assert found.credentials == {"client_id": "mlc", "client_secret": "open sesame"}
    assert "sesame" not in repr(found)
    for envelope, seed in scene.execute("SELECT envelope, seed FROM store_credential"):
        assert b"sesame" not in bytes(envelope) + bytes(seed)


@pytest.mark.parametrize("moved_to", ["oauth2/client_id", "token"])
def test_a_ciphertext_moved_to_another_row_is_refused(scene: Scene, moved_to: str) -> None:
    tokens = StoredMemory(scene.workspace, "ifs")
    tokens.compare_and_swap(None, {"refresh": "1"})
    scene.execute(
        "UPDATE store_credential SET envelope ="
        " (SELECT envelope FROM store_credential WHERE field = 'oauth2/client_secret') WHERE field = %s",
        [moved_to],
    )
    with pytest.raises(ConfigurationError, match="moved from another row"):
        configuration.load_connection(scene.workspace, "ifs")
        tokens.load()


def test_a_ciphertext_moved_to_another_connection_is_refused(scene: Scene) -> None:
    configuration.apply(scene.workspace, [IFS, replaced(SNOW, credentials={"x": "1"})], [FLOW], actor="anna")
    scene.execute(
        "UPDATE store_credential SET envelope ="
        " (SELECT envelope FROM store_credential WHERE field = 'oauth2/client_secret') WHERE field = '/x'"
    )
    with pytest.raises(ConfigurationError, match="moved from another row"):
        configuration.load_connection(scene.workspace, "snow")


def replaced(config: configuration.ConnectionConfig, **fields: object) -> configuration.ConnectionConfig:
    import msgspec

    return msgspec.structs.replace(config, **fields)  # type: ignore[arg-type]


def test_a_rotation_wraps_everything_under_the_newest_key_and_the_ledger_stays_provable(
    scene: Scene, database_url: str, tmp_path: Path
) -> None:
    scene.settle(record("1"))
    both = Keyring([b"n" * 32, *KEYRING.keys], "test")
    workspace = replace(scene.workspace, keyring=both)
    assert configuration.load_connection(workspace, "ifs").credentials["client_secret"] == "open sesame"
    assert secrets.rotate(workspace) == 3
    assert secrets.rotate(workspace) == 0
    alone = open_workspace(database_url, tmp_path, Keyring([b"n" * 32], "test"), alias=f"{workspace.database.alias}-n")
    assert configuration.load_connection(alone, "ifs").credentials["client_secret"] == "open sesame"
    assert audit.verify(alone) == []
    assert configuration.apply(alone, [IFS, SNOW], [FLOW], actor="anna") == []
    with pytest.raises(ConfigurationError, match="not in test"):
        configuration.load_connection(scene.workspace, "ifs")
    alone.close()


def test_a_wrong_key_is_one_clear_message(workspace: Workspace, database_url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not in the wrong file") as caught:
        open_workspace(
            database_url, tmp_path, Keyring([b"x" * 32], "the wrong file"), alias=f"{workspace.database.alias}-x"
        )
    assert caught.value.fix


def test_tokens_are_swapped_by_one_process_at_a_time(scene: Scene) -> None:
    one, other = StoredMemory(scene.workspace, "ifs"), StoredMemory(scene.workspace, "ifs")
    assert one.load() is None
    assert one.compare_and_swap(None, {"refresh": "1"})
    assert not other.compare_and_swap(None, {"refresh": "2"})
    assert other.compare_and_swap({"refresh": "1"}, {"refresh": "2"})
    assert one.load() == {"refresh": "2"}


def test_a_token_survives_apply_until_the_client_itself_changes(scene: Scene) -> None:
    tokens = StoredMemory(scene.workspace, "ifs")
    tokens.compare_and_swap(None, {"refresh": "rotated"})
    configuration.apply(scene.workspace, [IFS, SNOW], [FLOW], actor="anna")
    assert tokens.load() == {"refresh": "rotated"}
    changed = replaced(IFS, credentials={"client_secret": "new"})
    [change] = configuration.apply(scene.workspace, [changed, SNOW], [FLOW], actor="anna")
    assert (change.name, dict(change.details)) == ("ifs", {"credentials.client_secret": ("(secret)", "(secret)")})
    assert tokens.load() == {"refresh": "rotated"}
    another = replaced(IFS, credentials={"client_id": "other", "client_secret": "new"})
    configuration.apply(scene.workspace, [another, SNOW], [FLOW], actor="anna")
    assert tokens.load() is None
    assert configuration.load_connection(scene.workspace, "ifs").credentials == {
        "client_id": "other",
        "client_secret": "new",
    }
