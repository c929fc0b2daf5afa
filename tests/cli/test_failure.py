"""One message, what to do, who can; the right exit status; and a fast door."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.conftest import Run


def test_usage_errors_end_with_two(run: Run) -> None:
    for wrong in (["run"], ["bogus"], ["run", "x", "--rout", "y"], ["run", "x", "--limit", "0"], []):
        said = run(*wrong)
        assert (said.status, said.out) == (2, ""), wrong
    assert run("run", "--json").json["error"]["type"] == "UsageError"


def test_version_and_help(run: Run) -> None:
    assert re.fullmatch(r"ml-connector \d+\.\d+\.\d+\n", run("--version").out)
    assert "record" in run("--help").out
    assert run("audit", "verify", "--help").status == 0


def test_folder_that_cannot_be_made(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").touch()
    monkeypatch.setenv("ML_CONNECTOR_HOME", str(folder / "file" / "home"))
    said = run("status")
    assert (said.status, "cannot be made" in said.err, "ML_CONNECTOR_HOME" in said.err) == (2, True, True)


def test_database_that_is_none(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ML_CONNECTOR_DATABASE_URL", "mysql://root:geheim@db/x")
    said = run("status")
    assert (said.status, "cannot be understood" in said.err, "geheim" in said.err) == (2, True, False)
    (folder / "text").write_text("no database at all, but long enough to be read as one")
    monkeypatch.setenv("ML_CONNECTOR_DATABASE_URL", f"sqlite://{folder}/text")
    said = run("status")
    assert (said.status, "not one of ml-connector" in said.err) == (2, True)


def test_wrong_key(applied: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ML_CONNECTOR_SECRET_KEY", "short")
    assert applied("status").status == 2


def test_second_run_of_the_same_flow_is_refused(applied: Run) -> None:
    import os

    from ml_connector.app import Application, Environment

    with Application(Environment.of(os.environ)) as other:
        lease = other._store.acquire(other.flow("books-to-shop").id, "somebody", 60)
        said = applied("run", "books-to-shop", "--json")
        assert lease.epoch
    assert (said.status, "somebody" in said.json["error"]["message"]) == (2, True)


def test_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m ml_connector --help | true"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True)
    assert "Traceback" not in done.stderr


def test_help_is_fast() -> None:
    took = []
    for _ in range(3):
        started = time.monotonic()
        subprocess.run([sys.executable, "-m", "ml_connector", "--help"], check=True, stdout=subprocess.DEVNULL)
        took.append(time.monotonic() - started)
    assert min(took) < 1.0  # 0.1 s on an idle machine


def test_help_imports_neither_database_nor_network() -> None:
    code = (
        "import sys; from ml_connector.cli import main; main(['--help']);"
        "print([m for m in ('django', 'aiohttp', 'cryptography', 'rich.table') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
