"""ml-connector as a process of its own on a plant's installation, to be killed or to run beside others."""

from __future__ import annotations

import os
import subprocess
import sys

from flows.plant import Plant


def start(plant: Plant, *words: str, output: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Any command; who waits for its end without reading what it says gives DEVNULL as `output`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ML_CONNECTOR")}
    environment = {**kept, "ML_CONNECTOR_HOME": str(plant.folder / f"home-{plant.installations}")}
    command = [sys.executable, "-m", "ml_connector", *words, "--json"]
    return subprocess.Popen(command, env=environment, stdout=output, stderr=output, text=True)


def expire_locks(plant: Plant) -> None:
    """Those of a dead process end by themselves after a quarter of a minute."""
    with plant.app.workspace.database.transaction() as cursor:
        cursor.execute("UPDATE store_lock SET expires_at = 0")
