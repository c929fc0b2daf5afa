"""The token endpoint: pairs of access and refresh tokens, and what a renewal does to them (fact sheet §2)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from ..clock import SimulatedClock
from ..exchange import Answer, Call
from .switches import SageSwitches

TOKEN_PATH = "/token"
CLIENT_ID, CLIENT_SECRET = "mlc", "sage-demo-secret"
AUTHORIZATION_CODE = "sage-demo-code"
"""What the approval of an X3 user has led to; good for one pair."""
REFRESH_TOKEN = "sage-demo-refresh-token"
"""What the installer of an authorization code connection has at hand; good for 30 days or until it is used."""
_SIGNING_KEY = b"sage-demo-signing-key"


@dataclass
class TokenCounts:
    """What the endpoint was asked since the start."""

    issued: dict[str, int] = field(default_factory=dict)  # pairs by grant type
    renewals: int = 0  # requests with grant_type=refresh_token, whatever came of them
    reused: int = 0  # of these with a token that had been used before
    parallel: int = 0  # of these that came while another renewal was under way


@dataclass
class _Pair:
    """Everything that one approval has led to; `alive` False ends all of it."""

    user: str
    alive: bool = True


@dataclass
class _Token:
    pair: _Pair
    expires_at: datetime
    used: bool = False


class TokenService:
    """`disabled` holds clients that may not sign in."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.counts = TokenCounts()
        self.disabled: set[str] = set()
        self._clock = clock
        self._access: dict[str, _Token] = {}
        self._refresh: dict[str, _Token] = {}
        self._codes = {AUTHORIZATION_CODE}
        self._renewing = 0
        approved = _Pair("approver")
        self._refresh[REFRESH_TOKEN] = _Token(approved, clock.now() + timedelta(days=30))

    def knows(self, text: str) -> bool:
        """Whether an access token was issued here, good or not."""
        return text in self._access

    def user_of(self, text: str) -> str | None:
        """Whose unexpired access token this is."""
        token = self._access.get(text)
        if token is None or not token.pair.alive or token.expires_at <= self._clock.now():
            return None
        return token.pair.user

    def issued(self) -> list[str]:
        """Every access and refresh token there ever was."""
        return [*self._access, *self._refresh]

    def revoke_access(self) -> None:
        """Ends all access tokens at once; refresh tokens go on."""
        for token in self._access.values():
            token.expires_at = self._clock.now()

    def revoke_refresh(self) -> None:
        """Ends all refresh tokens: every authorization code connection needs a new approval."""
        for token in self._refresh.values():
            token.expires_at = self._clock.now()

    async def answer(self, call: Call, switches: SageSwitches) -> Answer:
        """Answers `POST {token_url}`."""
        if call.method != "POST":
            return Answer(405)
        given = _json_object(call)
        if given is None:
            return _error(400, "invalid_request")
        renewal = given.get("grant_type") == "refresh_token"
        if renewal:
            self.counts.renewals += 1
            self.counts.parallel += self._renewing > 0
            self._renewing += 1
        try:
            if switches.token_pause_s:
                await asyncio.sleep(switches.token_pause_s)
            return self._granted(given, switches)
        finally:
            self._renewing -= renewal

    def _granted(self, given: dict[str, Any], switches: SageSwitches) -> Answer:
        grant = given.get("grant_type")
        if grant not in ("client_credentials", "authorization_code", "refresh_token"):
            return _error(400, "unsupported_grant_type")
        client = given.get("client_id")
        if "oauth2" not in switches.auth_modes or client in self.disabled:
            return _error(401, "invalid_client")
        if client != CLIENT_ID or given.get("client_secret") != CLIENT_SECRET:
            return _error(401, "invalid_client")
        if grant == "client_credentials":
            return self._issue(_Pair("service"), grant, switches, fresh=True)
        if grant == "refresh_token":
            return self._renew(str(given.get("refresh_token", "")), switches)
        code = str(given.get("code", ""))
        if code not in self._codes or not given.get("redirect_uri"):
            return _error(400, "invalid_grant")
        self._codes.discard(code)
        return self._issue(_Pair("approver"), grant, switches, fresh=True)

    def _renew(self, text: str, switches: SageSwitches) -> Answer:
        token = self._refresh.get(text)
        if token is None:
            return _error(400, "invalid_grant")
        if token.used:
            self.counts.reused += 1
            if switches.reuse_ends_pair:
                token.pair.alive = False
            return _error(400, "invalid_grant")
        if not token.pair.alive or token.expires_at <= self._clock.now():
            return _error(400, "invalid_grant")
        token.used = switches.refresh_token_in_answer
        return self._issue(token.pair, "refresh_token", switches, fresh=switches.refresh_token_in_answer)

    def _issue(self, pair: _Pair, grant: str, switches: SageSwitches, *, fresh: bool) -> Answer:
        now = self._clock.now()
        self.counts.issued[grant] = self.counts.issued.get(grant, 0) + 1
        life, refresh_life = switches.token_life_s, switches.refresh_life_s
        claims: dict[str, object] = {
            "iss": "https://api.eu-sagex3.example",
            "aud": "sagex3",
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + life,
            "region": "eu",
            "sub": pair.user,
            "azp": CLIENT_ID,
            "scopes": "businessDomain.ALL",
        }
        access = signed({**claims, "n": secrets.token_hex(4)}, _SIGNING_KEY)
        self._access[access] = _Token(pair, now + timedelta(seconds=life))
        answer: dict[str, object] = {"access_token": access, "token_type": "Bearer", "expires_in": life}
        if fresh and switches.refresh_token_in_answer:
            later = {"exp": int(now.timestamp()) + refresh_life, "jti": secrets.token_hex(8)}
            refresh = signed({**claims, **later}, _SIGNING_KEY)
            self._refresh[refresh] = _Token(pair, now + timedelta(seconds=refresh_life))
            answer |= {"refresh_token": refresh, "refresh_expires_in": refresh_life}
        if switches.token_answer == "camelCase":
            answer = {_camel(name): value for name, value in answer.items()}
        return Answer.json(answer, Cache_Control="no-store")


def grant_type(call: Call) -> str:
    """The grant that a token request asks for, "" if it says none."""
    return str((_json_object(call) or {}).get("grant_type", ""))


def signed(claims: dict[str, object], key: bytes) -> str:
    """A JWT with HS256."""
    head = _encoded(b'{"alg":"HS256","typ":"JWT"}')
    signing = f"{head}.{_encoded(msgspec.json.encode(claims))}"
    return f"{signing}.{_encoded(hmac.new(key, signing.encode(), hashlib.sha256).digest())}"


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def _json_object(call: Call) -> dict[str, Any] | None:
    """The body, which has to be JSON and not a form."""
    if not call.header("Content-Type").startswith("application/json"):
        return None
    try:
        given = call.json()
    except msgspec.DecodeError:
        return None
    return given if isinstance(given, dict) else None


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


def _error(status: int, error: str) -> Answer:
    return Answer.json({"error": error}, status)
