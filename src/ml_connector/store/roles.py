"""The PostgreSQL role that runs flows: it may read and write, but not change or delete a line of the ledger.

Two roles make the ledger append-only even for a program gone astray: the owner's URL is used for migrations alone
(`migration_url`), the role made here for everything else. With one role the triggers still refuse.
"""

from __future__ import annotations

from psycopg import sql


def runtime_role(role: str, schema: str = "public") -> str:
    """SQL for the owner of the tables to run once after the first migration, and again after an upgrade.

    The role itself exists already: `CREATE ROLE ... LOGIN PASSWORD ...`.
    """
    statements = (
        "GRANT USAGE ON SCHEMA {schema} TO {role};",
        "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};",
        "GRANT INSERT, UPDATE, DELETE ON {tables} TO {role};",
        "GRANT INSERT ON {schema}.store_ledgerevent TO {role};",
        "REVOKE UPDATE, DELETE, TRUNCATE ON {schema}.store_ledgerevent FROM {role};",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};",
    )
    tables = sql.SQL(", ").join(sql.Identifier(schema, f"store_{name}") for name in _WRITTEN)
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role), "tables": tables}
    return "\n".join(sql.SQL(statement).format(**names).as_string(None) for statement in statements)


_WRITTEN = (
    "workspace",
    "connection",
    "credential",
    "flow",
    "route",
    "lease",
    "lock",
    "permits",
    "run",
    "rawpage",
    "record",
    "intent",
    "payload",
    "ledgerhead",
)
