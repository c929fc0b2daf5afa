"""The page on which people look at what arrived, in a real browser."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator

import pytest

from ml_connector_simulators.servicenow import ServiceNowSimulator

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SWITCHES = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]

pytestmark = [pytest.mark.browser, pytest.mark.skipif(BROWSER is None, reason="Chromium is not available here")]


@pytest.fixture
def profile() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield folder


async def test_a_clerk_finds_a_hand_keyed_order_on_the_page(profile: str) -> None:
    from playwright.async_api import async_playwright

    async with ServiceNowSimulator(size="small", seed=1) as simulator, async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile, executable_path=BROWSER, headless=True, args=SWITCHES
        )
        page = await context.new_page()
        await page.goto(simulator.url)
        assert "ServiceNow" in await page.title()
        assert await page.get_by_text("P9005").first.is_visible()
        assert await page.locator("script").count() == 0
        await context.close()
