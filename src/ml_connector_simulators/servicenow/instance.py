"""One instance: its tables, users, plugins and switches, and what has been written to it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from . import metadata
from .access import Account
from .columns import Coercion, Column, coercion
from .messages import RefusedError, Request
from .schema import (
    CORRELATION,
    INTEGRATION_ROLES,
    MODULES,
    PLUGINS,
    SYSTEM_COLUMNS,
    TABLES,
    TableDefinition,
    column,
    keys,
    ref,
)
from .search import Search
from .staging import STAGING_TABLES
from .switches import Switches
from .tables import Row, Table

DEFINITIONS = {one.name: one for one in (*TABLES, *STAGING_TABLES)}


def utc_now() -> datetime:
    """The clock of an instance that is given none."""
    return datetime.now(UTC)


class Instance:
    """A ServiceNow instance without a server around it."""

    def __init__(
        self,
        switches: Switches | None = None,
        *,
        seed: int = 1,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.switches = switches or Switches()
        self.clock = clock
        self.random = random.Random(seed)
        self.plugins = set(PLUGINS)
        self.accounts: dict[str, Account] = {}
        self.added: dict[str, dict[str, Column]] = {}
        self.removed: dict[str, set[str]] = {}
        self.write_denied: dict[str, set[str]] = {}
        """Table -> operations (Insert, Update, Delete) that access rules refuse to everybody but admins."""
        self.writes = 0
        """Business rows that clients tried to insert, update or delete, whatever the outcome."""
        self.writes_by_table: Counter[str] = Counter()
        self.batch_items = 0
        self.cost_ms = 0.0
        """Simulated processing time so far."""
        self._writers: dict[tuple[str, bool], dict[str, Coercion]] = {}
        self.tables: dict[str, Table] = {name: Table(one, {}) for name, one in DEFINITIONS.items() if not one.abstract}
        self.reshape()

    # The shape of the tables

    def configure(self, switches: Switches) -> None:
        """Takes other switches; columns and the dictionary follow at once."""
        self.switches = switches
        self.reshape()

    def reshape(self) -> None:
        """Gives every table the columns that the switches leave it."""
        self._writers.clear()
        for name, table in self.tables.items():
            table.reshape(self.columns_of(name))
        metadata.describe(self)

    def columns_of(self, name: str) -> dict[str, Column]:
        """Returns the columns of a table, inherited ones included."""
        definition = DEFINITIONS[name]
        columns = {one.name: one for one in (*definition.columns, *self._own_columns(definition))}
        if definition.parent:
            columns |= {one.name: one for one in DEFINITIONS[definition.parent].columns}
        columns |= {one.name: one for one in SYSTEM_COLUMNS} | self.added.get(name, {})
        for gone in self.removed.get(name, set()):
            columns.pop(gone, None)
        if self.switches.correlation_id.get(name) is False:
            columns.pop("correlation_id", None)
        if not self.switches.integer_quantities and name == "proc_po_item":
            for one in ("ordered_quantity", "received_quantity", "remaining_quantity"):
                columns[one] = msgspec.structs.replace(columns[one], kind="decimal")
        return columns

    def _own_columns(self, definition: TableDefinition) -> list[Column]:
        """Columns that customers add to a table, `u_` by convention."""
        more: list[Column] = []
        if definition.name == "proc_po_item" and self.switches.gl_columns_on_po_line:
            more += [ref("u_gl_account", "itfm_gl_accounts"), ref("u_cost_center", "cmn_cost_center")]
        carries_erp_key = definition.business or definition.parent == "sys_import_set_row"
        if self.switches.erp_key_column and carries_erp_key:
            more += keys(self.switches.erp_key_column, size=100)
        if self.switches.correlation_id.get(definition.name) and definition.parent != "task":
            more.append(CORRELATION)
        return more

    def parent_of(self, name: str) -> str:
        """Returns the table it extends; one that lost an inherited column extends none."""
        parent = DEFINITIONS[name].parent
        columns = self.tables[name].columns if name in self.tables else {}
        return parent if parent and all(one.name in columns for one in DEFINITIONS[parent].columns) else ""

    def add_column(self, table: str, name: str, kind: str = "string", **details: Any) -> None:
        """Adds a column to a table, as an admin of the customer would."""
        details = {"max_length": 40, "indexed": kind == "string"} | details
        self.added.setdefault(table, {})[name] = column(name, kind, **details)  # type: ignore[arg-type]
        self.removed.get(table, set()).discard(name)
        self.reshape()

    def remove_column(self, table: str, name: str) -> None:
        """Takes a column away: it vanishes from answers and from the dictionary."""
        self.removed.setdefault(table, set()).add(name)
        self.reshape()

    def writers(self, table: Table, *, system: bool = False) -> dict[str, Coercion]:
        """Returns, per column that may be written, what turns a sent text into the stored one."""
        key = (table.name, system)
        if key not in self._writers:
            self._writers[key] = {
                name: coercion(one, self.switches)
                for name, one in table.columns.items()
                if one.kind != "guid" and (system or not (one.read_only or name in table.locked_columns))
            }
        return self._writers[key]

    def lock_column(self, table: str, name: str) -> None:
        """Makes a column unwritable: what is sent for it is dropped without an error."""
        self.tables[table].locked_columns.add(name)
        self._writers.clear()

    # Access

    def is_there(self, name: str) -> bool:
        """Whether a table exists here: in the profile, its plugin active."""
        definition = DEFINITIONS.get(name)
        if definition is None or name not in self.tables:
            return False
        plugin = MODULES[definition.module].plugin
        in_profile = self.switches.profile == "both" or definition.profile in ("", self.switches.profile)
        return in_profile and (not plugin or plugin in self.plugins)

    def table(self, name: str) -> Table:
        """Returns a table, or refuses as for an unknown one; an absent plugin looks the same (section 2)."""
        if not self.is_there(name):
            detail = f"Table {name} does not exist" if self.switches.invalid_table_detail else None
            raise RefusedError(400, f"Invalid table {name}", detail)
        return self.tables[name]

    def set_roles(self, user_name: str, roles: set[str]) -> None:
        """Gives a user these roles and no other."""
        self.accounts[user_name].roles = set(roles)
        metadata.describe_rights(self)

    def take_role(self, role: str, user_name: str | None = None) -> None:
        """Takes a role from a user, or from everybody."""
        for account in self.accounts.values():
            if user_name in (None, account.user_name):
                account.roles.discard(role)
        metadata.describe_rights(self)

    def give_role(self, role: str, user_name: str) -> None:
        """Grants a role."""
        self.accounts[user_name].roles.add(role)
        metadata.describe_rights(self)

    def set_plugin(self, plugin: str, *, active: bool) -> None:
        """Switches a plugin on or off; off, its tables do not exist."""
        (self.plugins.add if active else self.plugins.discard)(plugin)
        metadata.describe(self)

    def add_account(self, user_name: str, name: str, password: str, roles: set[str] | None = None) -> Account:
        """Adds a user and its row in sys_user; without roles it gets those of an integration user."""
        granted = set(INTEGRATION_ROLES) if roles is None else roles
        account = Account(self.new_id(), user_name, name, password, granted)
        self.accounts[user_name] = account
        self.place("sys_user", {"sys_id": account.sys_id, "user_name": user_name, "name": name})
        metadata.describe_rights(self)
        return account

    # Rows

    def now(self) -> datetime:
        """Returns the instance's time."""
        return self.clock()

    def stamp(self) -> str:
        """Returns the instance's time as rows keep it: UTC, whole seconds."""
        return self.clock().strftime("%Y-%m-%d %H:%M:%S")

    def new_id(self) -> str:
        """Returns a sys_id that the instance makes up."""
        return f"{self.random.getrandbits(128):032x}"

    def search(self) -> Search:
        """Returns what answers encoded queries as of now."""
        return Search(self.tables, self.switches, self.now())

    def place(self, name: str, values: Row, *, by: str = "system", at: str = "") -> Row:
        """Puts a row into a table as it is, without rules, limits or counting: for seeds and the instance itself."""
        table = self.tables[name]
        row = {**self.system_values(name, by=by, at=at), **values}
        row.setdefault("sys_id", self.new_id())
        if table.definition.prefix and "number" not in row:
            row["number"] = table.take_number()
        table.add(row)
        return row

    def system_values(self, name: str, *, by: str = "system", at: str = "") -> Row:
        """Returns what a new row of a table holds before anybody gives it values."""
        stamp = at or self.stamp()
        return {
            **self.tables[name].defaults,
            "sys_created_on": stamp,
            "sys_created_by": by,
            "sys_updated_on": stamp,
            "sys_updated_by": by,
            "sys_mod_count": "0",
        }

    # What happened

    def count_write(self, table: Table) -> None:
        """Counts an attempt of a client to write a row, and what it costs."""
        costs = self.switches.table_cost_ms
        self.cost_ms += costs.get(table.name, self.switches.write_cost_ms)
        if table.definition.business:
            self.writes += 1
            self.writes_by_table[table.name] += 1

    def trapped(self, request: Request, *kinds: str) -> str:
        """Returns the kind, of these, of the trap that a request falls into, or the empty text."""
        for trap in self.switches.traps:
            if trap.kind in kinds and trap.path in request.path and trap.method in ("", request.method):
                trap.seen += 1
                if trap.seen > trap.after and trap.times > 0:
                    trap.times -= 1
                    return trap.kind
        return ""
