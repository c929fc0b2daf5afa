"""The keyring, and secrets sealed under it.

A secret is encrypted under a data key of its own, which is wrapped (AES-256-GCM-SIV) under the newest key of the
keyring; both are bound to workspace, connection and field, so that a ciphertext moved to another row is refused.

Every workspace has a secret of its own, sealed like a credential; the keys of its ledger are derived from it (HKDF).
So the ledger is keyed from outside of the database, and a rotation of the keyring leaves it provable.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ml_connector.errors import ConfigurationError

KEY_BYTES = 32
KEY_FILE = "secret.key"
VARIABLE = "ML_CONNECTOR_SECRET_KEY"


@dataclass(frozen=True, slots=True)
class Keyring:
    """One or more keys of 32 bytes, newest first."""

    keys: Sequence[bytes] = field(repr=False)
    origin: str
    """Where they came from, for messages: a path or a variable's name."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a secret belongs; anywhere else it does not decrypt."""

    workspace_id: int
    connection_id: int
    """0: the workspace itself."""
    field: str


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """A sealed secret as it is stored."""

    scheme: int
    key_id: str
    wrap_nonce: bytes
    wrapped: bytes
    nonce: bytes
    sealed: bytes


def load_keyring(home: Path, environ: Mapping[str, str]) -> Keyring:
    """From ML_CONNECTOR_SECRET_KEY, else ML_CONNECTOR_SECRET_KEY_FILE, else `<home>/secret.key`, made when absent.

    ConfigurationError for an unreadable file, one that others may read, and for what is no key.
    """
    if text := environ.get(VARIABLE, "").strip():
        return Keyring(_parse(text, VARIABLE), VARIABLE)
    if named := environ.get(f"{VARIABLE}_FILE", "").strip():
        return _read(Path(named))
    path = home / KEY_FILE
    if not path.exists():
        _write_first(path)
    return _read(path)


def key_id(key: bytes) -> str:
    """Names a key without giving it away."""
    return hashlib.blake2b(key, digest_size=4, person=b"mlc key id").hexdigest()


def new_secret() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def derive(secret: bytes, purpose: str) -> bytes:
    """A key for one purpose."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"ml-connector {purpose}".encode()).derive(secret)


def add_key(path: Path) -> Keyring:
    """Put a new key in front of those in a key file; `rotation.rotate` then brings it into use."""
    keyring = _read(path)
    lines = [base64.b64encode(key).decode() for key in (new_secret(), *keyring.keys)]
    temporary = _private_file(path, "\n".join(lines) + "\n")
    temporary.replace(path)
    return _read(path)


def _parse(text: str, origin: str) -> list[bytes]:
    keys = []
    for position, word in enumerate(re.split(r"[\s,]+", text.strip()), 1):
        try:
            key = base64.b64decode(word.replace("-", "+").replace("_", "/") + "=" * (-len(word) % 4), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise ConfigurationError(
                f"Key {position} in {origin} is not 32 bytes in base64.",
                fix="Make one with: openssl rand -base64 32. Several keys are separated by blanks, the newest first.",
            )
        keys.append(key)
    return keys


def _read(path: Path) -> Keyring:
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The key file {path} cannot be read: {getattr(error, 'strerror', 'it is no text')}.",
            fix="Restore it from its backup; without it no stored credential can be read.",
        ) from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise ConfigurationError(
            f"The key file {path} can be read by other users (mode {stat.S_IMODE(mode):04o}).",
            fix=f"Run: chmod 600 {path}",
        )
    return Keyring(_parse(text, str(path)), str(path))


def _write_first(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _private_file(path, base64.b64encode(new_secret()).decode() + "\n")
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass  # another process was faster: its key counts
        finally:
            temporary.unlink()
    except OSError as error:
        raise ConfigurationError(
            f"The key file {path} cannot be made: {error.strerror}.",
            fix="Let the user who runs ml-connector write to the data folder, or set ML_CONNECTOR_SECRET_KEY.",
        ) from error


def _private_file(path: Path, text: str) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def seal(keyring: Keyring, place: Place, secret: bytes) -> tuple[bytes, str]:
    """The envelope of a secret for its place, and the id of the key that wraps it."""
    data_key, nonce = new_secret(), secrets.token_bytes(12)
    sealed = AESGCMSIV(data_key).encrypt(nonce, secret, _bound(place, "secret"))
    return _wrap(keyring, place, data_key, nonce, sealed)


def unseal(keyring: Keyring, place: Place, envelope: bytes) -> bytes:
    """The secret; ConfigurationError when its key is missing, or the envelope was altered or belongs elsewhere."""
    opened = msgspec.msgpack.decode(envelope, type=Envelope)
    data_key = _unwrap(keyring, place, opened)
    try:
        return AESGCMSIV(data_key).decrypt(opened.nonce, opened.sealed, _bound(place, "secret"))
    except InvalidTag:
        raise _altered(place) from None


def rewrap(keyring: Keyring, place: Place, envelope: bytes) -> tuple[bytes, str]:
    """The same secret wrapped under the newest key."""
    opened = msgspec.msgpack.decode(envelope, type=Envelope)
    return _wrap(keyring, place, _unwrap(keyring, place, opened), opened.nonce, opened.sealed)


def _bound(place: Place, what: str) -> bytes:
    return msgspec.msgpack.encode(("ml-connector", what, place))


def _wrap(keyring: Keyring, place: Place, data_key: bytes, nonce: bytes, sealed: bytes) -> tuple[bytes, str]:
    newest = keyring.keys[0]
    name, wrap_nonce = key_id(newest), secrets.token_bytes(12)
    wrapped = AESGCMSIV(newest).encrypt(wrap_nonce, data_key, _bound(place, name))
    return msgspec.msgpack.encode(Envelope(1, name, wrap_nonce, wrapped, nonce, sealed)), name


def _unwrap(keyring: Keyring, place: Place, envelope: Envelope) -> bytes:
    key = next((key for key in keyring.keys if key_id(key) == envelope.key_id), None)
    if key is None:
        raise ConfigurationError(
            f"A stored secret ({place.field}) was encrypted under key {envelope.key_id}, which is not in"
            f" {keyring.origin}.",
            fix="Put that key behind the newest one. If it is lost, the credentials have to be entered again in a"
            " new data folder or database.",
        )
    try:
        return AESGCMSIV(key).decrypt(envelope.wrap_nonce, envelope.wrapped, _bound(place, envelope.key_id))
    except InvalidTag:
        raise _altered(place) from None


def _altered(place: Place) -> ConfigurationError:
    return ConfigurationError(
        f"A stored secret ({place.field}) was altered, or moved from another row; it is refused.",
        fix="Enter the credential again with `apply`, and find out who changed the database.",
    )
