"""How much is tried: of long lists of variants a part by default, all of them with `--thorough`; a scripted server."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from ml_connector.protocols import redaction
from scripted_server import ScriptedServer

gc.set_threshold(50_000, 20, 10)  # simulators hold many small objects; looking through them ever again costs a third


@pytest.fixture(autouse=True)
def own_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of tests sign in: what one has to hide is nothing to the others."""
    monkeypatch.setattr(redaction, "_register", type(redaction._register)())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="play every variant of the whole-flow tests")


def pytest_collection_finish() -> None:
    """What is there by now stays to the end: the collector need not look at it."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`@pytest.mark.thorough(n)`: n variants of a test, evenly spread, are played by default."""
    if config.getoption("--thorough"):
        return
    total = Counter(_of(item) for item in items)
    seen: Counter[tuple[str, str]] = Counter()
    left: list[pytest.Item] = []
    kept: list[pytest.Item] = []
    for item in items:
        mark = item.get_closest_marker("thorough")
        at, count = seen[_of(item)], total[_of(item)]
        seen[_of(item)] += 1
        wanted = mark is None or (at * mark.args[0]) % count < mark.args[0]
        (kept if wanted else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def _of(item: pytest.Item) -> tuple[str, str]:
    return str(item.path), getattr(item, "originalname", item.name)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """It runs, and answers as the test says."""
    scripted = ScriptedServer()
    await scripted.start()
    yield scripted
    await scripted.stop()
