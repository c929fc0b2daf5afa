"""The tenant boundary: which rows of which database, and the keys derived for them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ml_connector.store.database import Database
from ml_connector.store.keyring import Keyring


@dataclass(frozen=True, slots=True)
class Workspace:
    """An open workspace; the first argument of everything in `configuration`, `queries`, `decisions`, `audit`."""

    database: Database
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
        """Close the database connections of all threads; they open again by themselves when used."""
        self.database.close()
