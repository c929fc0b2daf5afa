"""The benchmark runs, and what it measures is the same work on both sides."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_both_sides_deliver_the_same_rows_and_the_second_run_only_the_changed_ones(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--invoices", "200", "--changed", "10", "--database", "sqlite"]
    options = ["--latency-ms", "0", "--repeat", "1", "--json", str(figures)]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Both sides delivered the same rows." in done.stdout
    lines = msgspec.json.decode(figures.read_bytes())
    assert {(line["conditions"]["profile"], line["side"], line["part"]): line["records"] for line in lines} == {
        ("pages", "bare", "load"): 200,
        ("pages", "product", "load"): 200,
        ("pages", "product", "idle"): 0,
        ("pages", "product", "changes"): 10,
        ("s2p_staging", "bare", "load"): 200,
        ("s2p_staging", "product", "load"): 200,
        ("s2p_staging", "product", "read_back"): 200,
        ("s2p_staging", "product", "idle"): 0,
        ("s2p_staging", "product", "changes"): 10,
    }


def test_a_source_delivers_what_its_requests_alone_deliver(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--sources", "plex", "syspro", "--small", "--repeat", "1"]
    done = subprocess.run([*command, "--json", str(figures)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Both sides delivered the same rows." in done.stdout
    found = {one["source"]: one for one in msgspec.json.decode(figures.read_bytes())}
    assert set(found) == {"plex", "syspro"}
    for one in found.values():
        assert one["bare"]["source_requests"] == one["load"]["source_requests"]
        assert one["bare"]["target_requests"] == pytest.approx(one["load"]["target_requests"], rel=0.2)
        assert one["idle"]["target_requests"] == 0
        assert 0 < one["changes"]["target_requests"] < one["load"]["target_requests"]
