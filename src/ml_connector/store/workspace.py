"""The tenant boundary: which rows of which database, and the keys derived for them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ml_connector.store.secrets import Keyring


@dataclass(frozen=True, slots=True)
class Workspace:
    """An open workspace; the first argument of everything in `configuration`, `queries`, `decisions`, `audit`."""

    alias: str
    """Django's name of the database connection."""
    id: int
    name: str
    keyring: Keyring = field(repr=False)
    chain_key: bytes = field(repr=False)
    """Keys the hashes of ledger rows."""
    head_key: bytes = field(repr=False)
    """Keys the marks at the ends of the ledger's chains."""
    seed_key: bytes = field(repr=False)
    """Keys the hashes by which a changed credential is recognised."""

    def close(self) -> None:
        """Close this thread's database connection; it opens again by itself when used."""
