"""Who is calling: tokens, Basic credentials, and the ways in which both fail (fact sheet section 1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import msgspec

from ..exchange import Answer, Call
from ..sign_in import basic_pair
from .access import GUEST, Account
from .instance import Instance
from .messages import json_answer

REFRESH_LIFETIME = timedelta(days=100)
SCOPE = "useraccount"


class Client(msgspec.Struct):
    """A registered OAuth client; client credentials act as its application user."""

    client_id: str
    client_secret: str
    user_name: str


class Token(msgspec.Struct):
    """An access or refresh token and whom it stands for."""

    value: str
    client_id: str
    user_name: str
    expires_at: datetime


class OAuth:
    """The token endpoint and the check of every request's credentials."""

    def __init__(self, instance: Instance, client: Client) -> None:
        self.instance = instance
        self.clients = {client.client_id: client}
        self.tokens: dict[str, Token] = {}
        self.refresh_tokens: dict[str, Token] = {}
        self.codes: dict[str, Token] = {}

    def account_of(self, call: Call) -> Account | None:
        """Returns who is calling; None for missing, wrong and expired credentials alike."""
        scheme, _, value = call.header("Authorization").partition(" ")
        if scheme.lower() == "bearer":
            token = self.tokens.get(value)
            if token is None or token.expires_at <= self.instance.now():
                return None
            return self._user(token.user_name)
        if scheme.lower() == "basic":
            user_name, password = basic_pair(value)
            account = self.instance.accounts.get(user_name)
            return account if account is not None and account.password == password else None
        return None

    def _user(self, user_name: str) -> Account | None:
        if user_name == GUEST.user_name:
            return None
        return self.instance.accounts.get(user_name)

    def grant(self, call: Call) -> Answer:
        """Answers POST /oauth_token.do; parameters count only in a form body."""
        form = call.form() if "json" not in call.header("Content-Type") else {}
        if self.instance.switches.token_in_basic_header and "client_id" not in form:
            scheme, _, value = call.header("Authorization").partition(" ")
            if scheme.lower() == "basic":
                form["client_id"], form["client_secret"] = basic_pair(value)
        client = self.clients.get(form.get("client_id", ""))
        if client is None or client.client_secret != form.get("client_secret"):
            return denied()
        match form.get("grant_type"):
            case "client_credentials":
                return self._client_credentials(client)
            case "refresh_token":
                return self._refresh(client, form.get("refresh_token", ""))
            case "authorization_code":
                return self._code(client, form.get("code", ""))
        return denied()

    def _client_credentials(self, client: Client) -> Answer:
        switches = self.instance.switches
        if not switches.grant_enabled or not switches.application_user:
            return denied()
        user_name = GUEST.user_name if switches.tokens_map_to_guest else client.user_name
        refresh = None
        if switches.refresh_token_with_client_credentials:
            refresh = self.issue_refresh(client.client_id, user_name)
        return self._issued(client, user_name, refresh)

    def _refresh(self, client: Client, value: str) -> Answer:
        token = self.refresh_tokens.get(value)
        if token is None or token.client_id != client.client_id or token.expires_at <= self.instance.now():
            return denied()
        return self._issued(client, token.user_name, token)

    def _code(self, client: Client, value: str) -> Answer:
        token = self.codes.pop(value, None)
        if token is None or token.client_id != client.client_id or token.expires_at <= self.instance.now():
            return denied()
        refresh = self.issue_refresh(client.client_id, token.user_name)
        return self._issued(client, token.user_name, refresh)

    def issue_refresh(self, client_id: str, user_name: str) -> Token:
        """Issues a refresh token, good for 100 days."""
        expires_at = self.instance.now() + REFRESH_LIFETIME
        token = Token(self.instance.new_id() + self.instance.new_id(), client_id, user_name, expires_at)
        self.refresh_tokens[token.value] = token
        return token

    def _issued(self, client: Client, user_name: str, refresh: Token | None) -> Answer:
        """Returns the client's token; inside its lifetime the same again, expires_in being what is left."""
        now = self.instance.now()
        token = next(
            (
                one
                for one in self.tokens.values()
                if (one.client_id, one.user_name) == (client.client_id, user_name) and one.expires_at > now
            ),
            None,
        )
        if token is None:
            expires_at = now + timedelta(seconds=self.instance.switches.token_lifetime_s)
            value = self.instance.new_id() + self.instance.new_id()
            token = Token(value, client.client_id, user_name, expires_at)
            self.tokens[value] = token
        body = {
            "access_token": token.value,
            "scope": SCOPE,
            "token_type": "Bearer",
            "expires_in": max(1, int((token.expires_at - now).total_seconds())),
        }
        return json_answer(body | ({"refresh_token": refresh.value} if refresh else {}))

    def authorize(self, call: Call) -> Answer:
        """Answers GET /oauth_auth.do as if the user had agreed: back to the client with a code."""
        query = call.parameters()
        client = self.clients.get(query.get("client_id", ""))
        if client is None or query.get("response_type") != "code" or "redirect_uri" not in query:
            return denied()
        expires_at = self.instance.now() + timedelta(seconds=60)
        code = Token(self.instance.new_id(), client.client_id, client.user_name, expires_at)
        self.codes[code.value] = code
        back = urlencode({"code": code.value, "state": query.get("state", "")})
        answer = Answer(302)
        answer.headers["Location"] = f"{query['redirect_uri']}?{back}"
        return answer

    def revoke(self, call: Call) -> Answer:
        """Answers /oauth_revoke_token.do?token=."""
        value = dict(parse_qsl(call.query)).get("token", "")
        self.tokens.pop(value, None)
        self.refresh_tokens.pop(value, None)
        return Answer(200)

    def expire_all(self) -> None:
        """Ends every access token now, as an admin may."""
        self.tokens.clear()


def denied() -> Answer:
    """Returns the 401 of a bad secret, a dead refresh token, a disabled grant and a missing user alike."""
    return json_answer({"error_description": "access_denied", "error": "server_error"}, 401)
