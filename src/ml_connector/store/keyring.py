"""The keyring: the keys that everything secret is sealed under, from the environment or a file of its own."""

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


def add_key(path: Path) -> Keyring:
    """Put a new key in front of those in a key file; `secrets.rotate` then brings it into use."""
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
