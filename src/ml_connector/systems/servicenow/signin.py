"""Signing in: the three kinds of credentials, and where a rotating refresh token is kept (FACTS 1 to 4)."""

from __future__ import annotations

from functools import partial

from ml_connector.protocols.auth import Auth, BasicAuth
from ml_connector.protocols.exclusive import exclusive
from ml_connector.protocols.http import Http
from ml_connector.protocols.oauth2 import OAuth2ClientCredentials, OAuth2RefreshToken
from ml_connector.protocols.rotating_token import RotatingToken
from ml_connector.systems.base import Opening
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
        memory = opening.ports.memory("token") if opening.ports.memory else None
        store = RotatingToken(memory, credentials.refresh_token)
        alone = partial(exclusive, opening.ports.locks, f"token:{opening.name}")
        return OAuth2RefreshToken(
            *client, store, alone=alone, fallback_ttl_s=FALLBACK_TTL_S, renew_before=renew_before_s
        )
    return OAuth2ClientCredentials(*client, fallback_ttl_s=FALLBACK_TTL_S, renew_before=renew_before_s)


def renew_before_s(ttl_s: float) -> float:
    """A minute before the end (FACTS 2), but not before half of a short life."""
    return min(RENEW_BEFORE_S, ttl_s / 2)
