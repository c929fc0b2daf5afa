"""Ways to sign in without a token: none at all, and Basic."""

from __future__ import annotations

import base64

import pytest

from ml_connector.errors import AuthenticationError
from ml_connector.protocols.auth import BasicAuth, NoAuth


async def test_basic_sends_both_and_never_tries_again() -> None:
    auth = BasicAuth("anna", "pass:wörd")
    headers = await auth.headers()
    assert base64.b64decode(headers["Authorization"][6:]).decode() == "anna:pass:wörd"
    with pytest.raises(AuthenticationError, match="anna") as caught:
        await auth.renew(headers)
    assert "wörd" not in str(caught.value)
    assert "wörd" not in auth.redact("pass:wörd")


async def test_without_credentials_a_401_is_final() -> None:
    auth = NoAuth()
    assert await auth.headers() == {}
    with pytest.raises(AuthenticationError):
        await auth.renew({})
