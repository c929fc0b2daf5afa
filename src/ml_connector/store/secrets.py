"""The keyring, and secrets sealed under it.

A secret is encrypted under a data key of its own, which is wrapped (AES-256-GCM-SIV) under the newest key of the
keyring; both are bound to workspace, connection and field, so that a ciphertext moved to another row is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml_connector.store.workspace import Workspace

Json = dict[str, Any]


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
    raise NotImplementedError


def rotate(workspace: Workspace) -> int:
    """Wrap every secret of every workspace of the database under the newest key; how many were."""
    raise NotImplementedError


class StoredTokens:
    """`systems.base.TokenStore` for one connection: encrypted, shared by all processes."""

    def __init__(self, workspace: Workspace, connection: str) -> None:
        raise NotImplementedError

    def load(self) -> Json | None:
        raise NotImplementedError

    def compare_and_swap(self, expected: Json | None, new: Json) -> bool:
        """Store `new` if `expected` is what is stored; False: another process was faster, load again."""
        raise NotImplementedError
