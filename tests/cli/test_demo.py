"""demo and simulate as processes of their own: what they print, what they leave behind, that no child stays."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

FLOWS = ["plex-to-snow", "plex-to-procurify", "syspro-to-snow", "sage-to-snow", "ifs-to-snow"]
PROGRAM = [sys.executable, "-m", "ml_connector"]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ML_")}
    return {**kept, **more}


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, *arguments]
    return subprocess.run(command, cwd=folder, env=environment(**more), capture_output=True, text=True, timeout=120)


def answers(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname, parts.port)) == 0


CHECK = (
    f'{sys.executable} -c "import os, urllib.request as u; '
    "[u.urlopen(each.split('=', 1)[1]).read() for each in os.environ['ML_DEMO_SYSTEMS'].split()]; "
    "print('compared')\""
)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """One demo for all who look at what it leaves: its folder, and how it ended."""
    folder = tmp_path_factory.mktemp("demo")
    done = run(folder, "demo", "--exit", "--check", CHECK, "--state", "state.json", COLUMNS="80")
    assert done.returncode in (0, 3), done.stderr
    return folder, done


def test_demo_ends_with_a_table(shown: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, done = shown
    assert "Flow " in done.stdout
    assert [flow for flow in FLOWS if flow not in done.stdout] == []
    assert "ml-connector.yaml" in done.stdout
    assert " record ifs-to-snow invoices " in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if "ML_CONNECTOR_HOME" not in line) <= 80


def test_demo_leaves_a_home_that_the_other_commands_understand(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = shown
    home = str(folder / ".ml-connector-demo")
    verified = run(folder, "audit", "verify", "--json", ML_CONNECTOR_HOME=home)
    assert json.loads(verified.stdout) == {"unbroken": True, "findings": []}
    listed = run(folder, "records", "ifs-to-snow", "--state", "landed", "--json", ML_CONNECTOR_HOME=home)
    keys = [each["key"] for each in json.loads(listed.stdout)["records"] if each["entity"] == "invoices"]
    story = run(folder, "record", "ifs-to-snow", "invoices", keys[0], ML_CONNECTOR_HOME=home)
    for sentence in ("Read from IFS Cloud.", "Understood as:", "Sent to ServiceNow:", "ServiceNow answered:", "Landed"):
        assert sentence in story.stdout


def test_demo_runs_a_check_while_the_simulators_run(
    shown: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = shown
    assert "compared" in done.stderr
    assert set(json.loads((folder / "state.json").read_text())) == {"simulators", "flows", "home"}


def test_demo_as_json_twice_in_a_folder_with_a_check_that_fails(tmp_path: Path) -> None:
    for status in (0, 7):
        done = run(tmp_path, "demo", "--exit", "--json", "--check", f"exit {status}")
        assert done.returncode == 1 if status else done.returncode in (0, 3)
        found = json.loads(done.stdout)
        assert [run["flow"] for run in found["runs"]] == FLOWS
        assert found["outcome"] in ("complete", "complete_with_exceptions")
        assert len(found["simulators"]) == 6
        assert not any(answers(each["url"]) for each in found["simulators"])


def test_demo_leaves_a_foreign_folder_alone(tmp_path: Path) -> None:
    (tmp_path / ".ml-connector-demo").mkdir()
    (tmp_path / ".ml-connector-demo" / "mine").touch()
    done = run(tmp_path, "demo", "--exit")
    assert (done.returncode, "is left alone" in done.stderr) == (2, True)
    assert (tmp_path / ".ml-connector-demo" / "mine").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_simulators_end_with_the_command(tmp_path: Path, number: signal.Signals) -> None:
    command = [*PROGRAM, "simulate", "all", "--port", "0", "--json"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        found = first_document(process)
        urls = [each["url"] for each in found["simulators"]]
        assert all(answers(url) for url in urls)
        process.send_signal(number)
        assert process.wait(20) == 0
    assert not any(answers(url) for url in urls)
    assert found["file"] == "ml-connector.yaml"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their killed parent")
def test_simulators_end_even_when_the_command_is_killed(tmp_path: Path) -> None:
    command = [*PROGRAM, "simulate", "servicenow", "--port", "0", "--json"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        url = first_document(process)["simulators"][0]["url"]
        process.kill()
    until = time.monotonic() + 10
    while answers(url) and time.monotonic() < until:
        time.sleep(0.05)
    assert not answers(url)


def first_document(process: subprocess.Popen[str]) -> Any:
    """The JSON document that the process prints before it goes on running."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line == "}\n":
            return json.loads(text)
    raise AssertionError(text)


def test_unknown_simulator_and_size(tmp_path: Path) -> None:
    done = run(tmp_path, "simulate", "servicenew")
    assert (done.returncode, "Did you mean 'servicenow'?" in done.stderr) == (2, True)
    assert run(tmp_path, "simulate", "servicenow", "--size", "huge").returncode == 2
