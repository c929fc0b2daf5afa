"""The token endpoint (fact sheet section 1)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

import msgspec

from ..clock import SimulatedClock
from ..exchange import Answer, Call
from ..sign_in import token_refusal
from .switches import ProcurifySwitches

CLIENT_ID, CLIENT_SECRET = "mlc", "procurify-demo-secret"
DOMAIN, SERVICE_EMAIL = "halvorsen", "ml.connector@halvorsen.example"


class TokenService:
    """Issues and checks tokens; `revoked` is an application that still gets tokens, none of which opens anything."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._expiry: dict[str, datetime] = {}
        self.revoked = False
        self.closed = False  # the user who made the application is gone

    @property
    def issued(self) -> list[str]:
        """Tokens that were issued and not made useless; as secret as the credentials."""
        return list(self._expiry)

    def expire_all(self) -> None:
        """Makes every token that was issued useless."""
        self._expiry.clear()

    def opens(self, authorization: str) -> bool:
        """Whether the header carries a token that is good now."""
        scheme, _, token = authorization.partition(" ")
        expires_at = self._expiry.get(token.strip())
        good = expires_at is not None and self._clock.now() < expires_at
        return scheme.lower() == "bearer" and good and not self.revoked and not self.closed

    def answer(self, call: Call, switches: ProcurifySwitches) -> Answer:
        """Answers POST /oauth/token."""
        if call.method != "POST":
            return Answer.json({"detail": f'Method "{call.method}" not allowed.'}, 405, Allow="POST")
        given = _body(call, switches)
        if given is None:
            return token_refusal(400, "invalid_request", "The request body could not be read.")
        names = ("client_id", "client_secret", "audience", "grant_type")
        missing = [name for name in names if not isinstance(given.get(name), str)]
        if missing:
            return token_refusal(400, "invalid_request", f"Missing required parameter: {missing[0]}")
        if given["grant_type"] != "client_credentials":
            return token_refusal(400, "unsupported_grant_type", f"Unsupported grant type: {given['grant_type']}")
        if (given["client_id"], given["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            return token_refusal(401, "invalid_client", "Client authentication failed.")
        if given["audience"] != switches.audience or self.closed:
            return token_refusal(403, "access_denied", f"Client is not authorized to access {given['audience']}.")
        return self._grant(switches)

    def _grant(self, switches: ProcurifySwitches) -> Answer:
        token = f"eyJ{secrets.token_urlsafe(48)}"
        self._expiry[token] = self._clock.now() + timedelta(seconds=switches.token_life_s)
        return Answer.json(
            {
                "access_token": token,
                "scope": f"urn:procurify-api:domain:{DOMAIN} urn:procurify-api:email:{SERVICE_EMAIL}",
                "expires_in": switches.token_life_s,
                "token_type": "Bearer",
            }
        )


def _body(call: Call, switches: ProcurifySwitches) -> dict[str, Any] | None:
    """The body in the one form that this domain reads."""
    content_type = call.header("Content-Type")
    if switches.token_body == "form":
        return call.form() if content_type.startswith("application/x-www-form-urlencoded") else None
    if not content_type.startswith("application/json"):
        return None
    try:
        body = call.json()
    except msgspec.DecodeError:
        return None
    return body if isinstance(body, dict) else None
