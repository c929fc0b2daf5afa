"""Opens the database: Django's settings, migrations, and the workspace that everything else is bounded by.

>>> keyring = secrets.load_keyring(home, os.environ)
>>> workspace = setup.open_workspace(database_url, home, keyring)
>>> store = DjangoStore(workspace)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml_connector.store.secrets import Keyring
    from ml_connector.store.workspace import Workspace

DEFAULT_ALIAS = "default"


def base_settings() -> dict[str, Any]:
    """Django settings without a database; a web process adds its own apps to them."""
    raise NotImplementedError


def ready_django() -> None:
    """Set Django up, once, unless the process brings settings of its own."""


def configure(database_url: str, home: Path, *, alias: str = DEFAULT_ALIAS) -> None:
    """Name the database: "" is SQLite in `home`, else `sqlite:///path` or any libpq URL (`postgresql://...`).

    Opens nothing. ConfigurationError for a URL that cannot be understood; its text is not repeated, it may hold a
    password.
    """
    raise NotImplementedError


def migrate(alias: str = DEFAULT_ALIAS) -> list[str]:
    """Bring the schema up to date where needed; the names of the migrations applied. Safe in two processes at once.

    ConfigurationError when the database cannot be opened or written, or was made by a newer program.
    """
    raise NotImplementedError


def open_workspace(
    database_url: str,
    home: Path,
    keyring: Keyring,
    *,
    name: str = "default",
    migration_url: str = "",
    alias: str = DEFAULT_ALIAS,
) -> Workspace:
    """`configure`, `migrate` and the workspace `name`, which is made on first use.

    `migration_url`: the same PostgreSQL database under a role that may change the schema, where the role of
    `database_url` may not (see `roles.py`).
    """
    raise NotImplementedError
