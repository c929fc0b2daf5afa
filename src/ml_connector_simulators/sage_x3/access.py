"""Who a request comes from: bearer tokens, signed JWTs and Basic, and how each is turned away (fact sheet §2)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import msgspec
from multidict import CIMultiDict

from ..clock import SimulatedClock
from ..exchange import Answer, Call
from ..sign_in import basic_pair
from .refusals import diagnosis, page
from .switches import SageSwitches
from .tokens import TokenService

BASIC_USER, BASIC_PASSWORD = "MLCX3", "sage-basic-password"
JWT_CLIENT_ID, JWT_CLIENT_SECRET = "mlc-onpremise", "sage-jwt-secret"
JWT_USER, JWT_AUDIENCE = "mlc-user", "http://x3.example:8124/Path/"
"""The registered URL, compared byte for byte."""
LOGIN_PATH = "/auth/login/page"
_LEEWAY_S = 60
_LOGIN = "<html><head><title>Sage X3</title></head><body><form>User <input> Password <input></form></body></html>"


class Gate:
    """Checks each request; a user in `disabled` is turned away however he signs in."""

    def __init__(self, clock: SimulatedClock, tokens: TokenService) -> None:
        self.disabled: set[str] = set()
        self._clock = clock
        self._tokens = tokens

    def refusal(self, call: Call, switches: SageSwitches) -> Answer | None:
        """None for a request that may pass."""
        scheme, _, text = call.header("Authorization").partition(" ")
        scheme, text = scheme.lower(), text.strip()
        if scheme == "basic" and "basic" in switches.auth_modes:
            return None if self._is_known(text) else _unauthorized(switches)
        if scheme == "bearer" and not self._tokens.knows(text) and "signed_jwt" in switches.auth_modes:
            return self._jwt_refusal(text, switches)
        user = self._tokens.user_of(text) if scheme == "bearer" and "oauth2" in switches.auth_modes else None
        return None if user and user not in self.disabled else _unauthorized(switches)

    def _is_known(self, text: str) -> bool:
        name, password = basic_pair(text)
        return name == BASIC_USER and password == BASIC_PASSWORD and name not in self.disabled

    def _jwt_refusal(self, text: str, switches: SageSwitches) -> Answer | None:
        """41 issuer, 42 user, 45 audience, 50 signature or expired, in plain text."""
        token = _opened(text)
        if token is None:
            return _unauthorized(switches)
        signing, signature, claims = token
        if claims.get("iss") != JWT_CLIENT_ID or JWT_CLIENT_ID in self.disabled:
            return _jwt_error(41)
        if claims.get("sub") != JWT_USER or JWT_USER in self.disabled:
            return _jwt_error(42)
        if claims.get("aud") != JWT_AUDIENCE:
            return _jwt_error(45)
        good = hmac.new(JWT_CLIENT_SECRET.encode(), signing.encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(good, signature) or not self._is_timely(claims, switches):
            return _jwt_error(50)
        return None

    def _is_timely(self, claims: dict[str, Any], switches: SageSwitches) -> bool:
        """A token from the checker's future counts as bad; so does one that claims a longer life than the app has."""
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or not isinstance(expires, int):
            return False
        now = self._clock.now().timestamp() - switches.jwt_clock_behind_s
        return issued <= now < expires <= now + switches.jwt_clock_behind_s + switches.jwt_validity_s + _LEEWAY_S


def login_page() -> Answer:
    """Where a redirect leads: status 200, and no data."""
    return page(200, _LOGIN)


def _unauthorized(switches: SageSwitches) -> Answer:
    if switches.unauthorized == "redirect":
        return Answer(302, headers=CIMultiDict({"Location": LOGIN_PATH}))
    return Answer.json({"$diagnoses": [diagnosis("Not authenticated")]}, 401, WWW_Authenticate="Bearer")


def _jwt_error(number: int) -> Answer:
    return Answer.of(f"Error {number}: Invalid token".encode(), "text/plain", 401)


def _opened(text: str) -> tuple[str, bytes, dict[str, Any]] | None:
    """What is signed, the signature, and the claims of an HS256 token; None for anything else."""
    try:
        head, claims, signature = text.split(".")
        opened = msgspec.json.decode(_decoded(claims))
        is_hs256 = msgspec.json.decode(_decoded(head))["alg"] == "HS256"
        raw = _decoded(signature)
    except (ValueError, KeyError, TypeError, msgspec.DecodeError):
        return None
    return (f"{head}.{claims}", raw, opened) if is_hs256 and isinstance(opened, dict) else None


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
