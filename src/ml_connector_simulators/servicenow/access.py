"""Who may read and write which table (fact sheet section 5)."""

from __future__ import annotations

import msgspec

from .schema import MODULES, TableDefinition


class Account(msgspec.Struct):
    """A user of the instance."""

    sys_id: str
    user_name: str
    name: str
    password: str = ""
    roles: set[str] = msgspec.field(default_factory=set)

    @property
    def is_admin(self) -> bool:
        """Whether no access rule binds this user."""
        return "admin" in self.roles


GUEST = Account("5136503cc611227c0183e96598c4f706", "guest", "Guest")


def may_read(account: Account, table: TableDefinition) -> bool:
    """Whether a role of the user opens the table for reading."""
    needed = MODULES[table.module].read_roles
    return not needed or account.is_admin or not account.roles.isdisjoint(needed)


def may_write(account: Account, table: TableDefinition) -> bool:
    """Whether a role of the user opens the table for writing."""
    return account.is_admin or not account.roles.isdisjoint(MODULES[table.module].write_roles)
