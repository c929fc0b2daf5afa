"""Envelopes: a secret under a data key of its own, which is wrapped under the newest key of the keyring.

Both (AES-256-GCM-SIV) are bound to workspace, connection and field, so that a ciphertext moved to another row is
refused.
"""

from __future__ import annotations

import secrets

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ml_connector.errors import ConfigurationError
from ml_connector.store.keyring import KEY_BYTES, Keyring, key_id, new_secret


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


def derive(secret: bytes, purpose: str) -> bytes:
    """A key for one purpose."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"ml-connector {purpose}".encode()).derive(secret)


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
