"""Signing in with client credentials: a JSON request, a token of 24 hours, no loop on a 401 (FACTS 1 to 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_connector.errors import AuthenticationError, ConfigurationError
from ml_connector.protocols.http import Http
from ml_connector.protocols.oauth2 import OAuth2ClientCredentials
from ml_connector.protocols.token_broker import AccessToken
from ml_connector.systems.base import Opening
from ml_connector.systems.procurify.answers import ADMIN
from ml_connector.systems.procurify.api import TRIES, PoliteRetry
from ml_connector.systems.procurify.settings import CREDENTIALS, TOKEN_PATH, Settings

LIFE_S = 86_400.0
RENEW_BEFORE_S = 300.0
DOMAIN_URN = "urn:procurify-api:domain:"


class SignIn(OAuth2ClientCredentials):
    """Asks for a new token once when one that had been good is refused, and never when a new one is."""

    accepted = False
    """The token in use has been good for something."""
    domain = ""
    """The domain that the last token is good for, as its scope says (FACTS 34)."""

    async def renew(self, rejected: Mapping[str, str]) -> None:
        if not self.accepted:
            raise AuthenticationError(
                "Procurify gave us a token and refused it at once (401).",
                fix="The header X-Procurify-Client did not arrive (see that no proxy removes it), or the application "
                "was revoked or its user deactivated: look at Settings, Integrations, API.",
                who=ADMIN,
                status=401,
            )
        await super().renew(rejected)

    async def _obtain(self, rejected: str | None) -> AccessToken:
        answer = await self._answer()
        self.accepted = False
        self.domain = _domain_in(answer.scope) or self.domain
        return self._token_in(answer)


def _domain_in(scope: object) -> str:
    """`acme` of `urn:procurify-api:domain:acme urn:procurify-api:email:...`; "" where it says none."""
    words = scope.split() if isinstance(scope, str) else ()
    return next((word.removeprefix(DOMAIN_URN) for word in words if word.startswith(DOMAIN_URN)), "")


def sign_in_of(opening: Opening, http: Http) -> SignIn:
    """What signs the requests of a connection; ConfigurationError where credentials are missing."""
    settings: Settings = opening.settings
    given: Mapping[str, Any] = opening.credentials
    missing = [name for name in ("client_id", "client_secret") if not given.get(name)]
    if opening.auth_mode not in CREDENTIALS or missing:
        raise ConfigurationError(
            f"Procurify needs auth_mode oauth2 with client_id and client_secret. Missing: {', '.join(missing)}."
        )
    return SignIn(
        http,
        settings.token_url or opening.base_url.rstrip("/") + TOKEN_PATH,
        given["client_id"],
        given["client_secret"],
        fallback_ttl_s=LIFE_S,
        renew_before=lambda ttl_s: min(RENEW_BEFORE_S, ttl_s / 2),
        body=settings.token_body,
        extra={"audience": settings.token_audience},
        retry=PoliteRetry(tries=TRIES),
    )
