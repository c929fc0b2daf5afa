"""The token endpoint, in the manner of Keycloak (fact sheet §2)."""

from __future__ import annotations

import re
import secrets

from ..clock import SimulatedClock
from ..exchange import Answer, Call
from ..sign_in import BearerTokens, client_credentials, token_refusal
from .switches import IfsSwitches

TOKEN_PATH = re.compile(r"/auth/realms/([^/]+)/protocol/openid-connect/token")
REALM, CLIENT_ID, CLIENT_SECRET = "demo", "mlc", "ifs-demo-secret"


class TokenService(BearerTokens):
    """Issues and checks bearer tokens; `disabled` holds clients that may not sign in."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(clock)
        self.disabled: set[str] = set()

    def answer(self, call: Call, realm: str, switches: IfsSwitches) -> Answer:
        """Answers `POST .../token`."""
        if realm != REALM:
            return Answer.json({"error": "Realm does not exist"}, 404)
        if call.method != "POST":
            return Answer(405)
        if not call.header("Content-Type").startswith("application/x-www-form-urlencoded"):
            return token_refusal(400, "invalid_request", "Missing form parameter: grant_type")
        form = call.form()
        grant = form.get("grant_type", "")
        if not grant:
            return token_refusal(400, "invalid_request", "Missing form parameter: grant_type")
        if grant != "client_credentials":
            return token_refusal(400, "unsupported_grant_type", "Unsupported grant_type")
        client, secret = client_credentials(call)
        if client != CLIENT_ID or secret != CLIENT_SECRET:
            return token_refusal(401, "invalid_client", "Invalid client or Invalid client credentials")
        if client in self.disabled:
            return token_refusal(401, "unauthorized_client", "Client not enabled to retrieve service account")
        return self._grant(client, form.get("scope", ""), switches)

    def _grant(self, client: str, scope: str, switches: IfsSwitches) -> Answer:
        life = switches.token_life_s
        text = self.issue(client, life)
        granted: dict[str, object] = {"access_token": text, "expires_in": life, "token_type": "Bearer"}
        if switches.refresh_token:
            granted |= {"refresh_expires_in": 1800, "refresh_token": f"eyJ{secrets.token_urlsafe(32)}"}
        return Answer.json({**granted, "not-before-policy": 0, "scope": scope}, Cache_Control="no-store")
