"""Signing in: the three kinds of credentials, and where a rotating refresh token is kept (FACTS 1 to 4)."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime
from typing import Any

from ml_connector.protocols.auth import (
    Auth,
    BasicAuth,
    OAuth2ClientCredentials,
    OAuth2RefreshToken,
    StoredToken,
)
from ml_connector.protocols.http import Http
from ml_connector.systems.base import Opening, TokenStore
from ml_connector.systems.servicenow.settings import Basic, RefreshToken, Settings, credentials_of

TOKEN_PATH = "/oauth_token.do"  # noqa: S105  a path
FALLBACK_TTL_S = 1800.0
RENEW_BEFORE_S = 60.0


def auth_of(opening: Opening, http: Http) -> Auth:
    """What signs the requests of a connection; ConfigurationError where credentials are missing."""
    settings: Settings = opening.settings
    credentials = credentials_of(opening.auth_mode, dict(opening.credentials))
    if isinstance(credentials, Basic):
        return BasicAuth(credentials.username, credentials.password)
    url = settings.token_url or opening.base_url.rstrip("/") + TOKEN_PATH
    client = (http, url, credentials.client_id, credentials.client_secret)
    if isinstance(credentials, RefreshToken):
        store = RotatingToken(opening.ports.tokens, credentials.refresh_token)
        return OAuth2RefreshToken(*client, store, fallback_ttl_s=FALLBACK_TTL_S, renew_before=renew_before_s)
    return OAuth2ClientCredentials(*client, fallback_ttl_s=FALLBACK_TTL_S, renew_before=renew_before_s)


def renew_before_s(ttl_s: float) -> float:
    """A minute before the end (FACTS 2), but not before half of a short life."""
    return min(RENEW_BEFORE_S, ttl_s / 2)


class RotatingToken:
    """The refresh token in the connection's token store; the configured one is only its seed.

    A seed that was changed in the configuration replaces what is stored.
    """

    def __init__(self, store: TokenStore | None, seed: str) -> None:
        self._store = store or _Memory()
        self._seed = seed
        self._mark = hashlib.blake2b(seed.encode(), digest_size=12).hexdigest()

    async def load(self) -> StoredToken:
        held = await asyncio.to_thread(self._store.load)
        if held is None or held.get("seed") != self._mark:
            return StoredToken(self._seed)
        return _token(held)

    async def compare_and_swap(self, expected: StoredToken, new: StoredToken) -> bool:
        def swap() -> bool:
            held = self._store.load()
            known = _token(held) if held is not None and held.get("seed") == self._mark else StoredToken(self._seed)
            if known.version != expected.version or known.refresh_token != expected.refresh_token:
                return False
            return self._store.compare_and_swap(held, self._document(new))

        return await asyncio.to_thread(swap)

    def _document(self, token: StoredToken) -> dict[str, Any]:
        return {
            "seed": self._mark,
            "refresh_token": token.refresh_token,
            "access_token": token.access_token,
            "expires_at": token.expires_at.isoformat() if token.expires_at else None,
            "version": token.version,
        }


def _token(held: dict[str, Any]) -> StoredToken:
    expires_at = held.get("expires_at")
    return StoredToken(
        held["refresh_token"],
        held.get("access_token") or "",
        datetime.fromisoformat(expires_at) if expires_at else None,
        int(held.get("version", 0)),
    )


class _Memory:
    """For a connection without a store: the rotated token lasts as long as the process."""

    def __init__(self) -> None:
        self._held: dict[str, Any] | None = None

    def load(self) -> dict[str, Any] | None:
        return self._held

    def compare_and_swap(self, expected: dict[str, Any] | None, new: dict[str, Any]) -> bool:
        if self._held != expected:
            return False
        self._held = new
        return True
