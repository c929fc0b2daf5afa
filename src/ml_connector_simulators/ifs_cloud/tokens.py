"""The token endpoint, in the manner of Keycloak (fact sheet §2)."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote_plus

from ..clock import SimulatedClock
from ..exchange import Answer, Call
from .switches import IfsSwitches

TOKEN_PATH = re.compile(r"/auth/realms/([^/]+)/protocol/openid-connect/token")
REALM, CLIENT_ID, CLIENT_SECRET = "demo", "mlc", "ifs-demo-secret"


@dataclass(frozen=True)
class _Token:
    client: str
    expires_at: datetime


class TokenService:
    """Issues and checks bearer tokens; `disabled` holds clients that may not sign in."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._tokens: dict[str, _Token] = {}
        self.disabled: set[str] = set()

    def client_of(self, call: Call) -> str | None:
        """The client whose unexpired token the request carries."""
        scheme, _, text = call.header("Authorization").partition(" ")
        token = self._tokens.get(text.strip())
        if scheme.lower() != "bearer" or token is None or token.expires_at <= self._clock.now():
            return None
        return token.client

    def revoke_all(self) -> None:
        self._tokens.clear()

    def answer(self, call: Call, realm: str, switches: IfsSwitches) -> Answer:
        """Answers `POST .../token`."""
        if realm != REALM:
            return Answer.json({"error": "Realm does not exist"}, 404)
        if call.method != "POST":
            return Answer(405)
        if not call.header("Content-Type").startswith("application/x-www-form-urlencoded"):
            return _error(400, "invalid_request", "Missing form parameter: grant_type")
        form = call.form()
        grant = form.get("grant_type", "")
        if not grant:
            return _error(400, "invalid_request", "Missing form parameter: grant_type")
        if grant != "client_credentials":
            return _error(400, "unsupported_grant_type", "Unsupported grant_type")
        client, secret = _client(call, form)
        if client != CLIENT_ID or secret != CLIENT_SECRET:
            return _error(401, "invalid_client", "Invalid client or Invalid client credentials")
        if client in self.disabled:
            return _error(401, "unauthorized_client", "Client not enabled to retrieve service account")
        return self._grant(client, form.get("scope", ""), switches)

    def _grant(self, client: str, scope: str, switches: IfsSwitches) -> Answer:
        text = f"eyJ{secrets.token_urlsafe(48)}"
        life = switches.token_life_s
        self._tokens[text] = _Token(client, self._clock.now() + timedelta(seconds=life))
        granted: dict[str, object] = {"access_token": text, "expires_in": life, "token_type": "Bearer"}
        if switches.refresh_token:
            granted |= {"refresh_expires_in": 1800, "refresh_token": f"eyJ{secrets.token_urlsafe(32)}"}
        return Answer.json({**granted, "not-before-policy": 0, "scope": scope}, Cache_Control="no-store")


def _client(call: Call, form: dict[str, str]) -> tuple[str, str]:
    """The client in the form, or in a Basic header."""
    if "client_id" in form:
        return form["client_id"], form.get("client_secret", "")
    scheme, _, text = call.header("Authorization").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def _error(status: int, error: str, description: str) -> Answer:
    return Answer.json({"error": error, "error_description": description}, status)
