"""Signing in: what a session asks of it, and the ways that need no token: none at all, and Basic.

An `Auth` is one credential: it hands the headers to every request. What it holds is registered for redaction and
appears in no message, `repr` or log. Ways with tokens are in `oauth2.py`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Protocol

from ml_connector.errors import AuthenticationError
from ml_connector.protocols.redaction import redact, register_secret


class Auth(Protocol):
    """What a session asks of a way to sign in."""

    @property
    def token_requests(self) -> int:
        """Requests made to a token endpoint so far."""
        ...

    async def headers(self) -> dict[str, str]:
        """The headers that sign one request; not to be changed by the caller."""
        ...

    async def renew(self, rejected: Mapping[str, str]) -> None:
        """The system answered 401 to these headers: get others, unless somebody already has.

        Raises `AuthenticationError` when there is nothing to renew or the renewal is refused.
        """
        ...

    def redact(self, text: str) -> str:
        """`text` without the secrets held here."""
        ...


class NoAuth:
    """For a system, or a page of it, that asks nobody to sign in."""

    token_requests = 0

    async def headers(self) -> dict[str, str]:
        return {}

    async def renew(self, rejected: Mapping[str, str]) -> None:
        raise AuthenticationError("The system wants us to sign in, and this connection has no credentials.")

    def redact(self, text: str) -> str:
        return redact(text)


class BasicAuth:
    """User name and password with every request (RFC 7617, UTF-8)."""

    token_requests = 0

    def __init__(self, user: str, password: str) -> None:
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
        register_secret(password, encoded)
        self._user = user
        self._headers = {"Authorization": f"Basic {encoded}"}

    async def headers(self) -> dict[str, str]:
        return self._headers

    async def renew(self, rejected: Mapping[str, str]) -> None:
        """Always `AuthenticationError`: trying the same password again would only lock the account."""
        raise AuthenticationError(
            f"The system refused user name and password of {self._user!r}.",
            fix="Check the password, that the user is active and not locked, and that it may use the interface.",
        )

    def redact(self, text: str) -> str:
        return redact(text)
