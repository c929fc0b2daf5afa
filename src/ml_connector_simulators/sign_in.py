"""What ways of signing in share: the pair in a Basic header, and a token endpoint for client credentials."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import unquote_plus

from .clock import SimulatedClock
from .exchange import Answer, Call


@dataclass(frozen=True)
class _Token:
    client: str
    expires_at: datetime


class BearerTokens:
    """The tokens that were issued, and to whom."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._tokens: dict[str, _Token] = {}

    @property
    def issued(self) -> list[str]:
        """Tokens that were issued and not revoked; as secret as the credentials."""
        return list(self._tokens)

    def issue(self, client: str, life_s: int) -> str:
        text = f"eyJ{secrets.token_urlsafe(48)}"
        self._tokens[text] = _Token(client, self._clock.now() + timedelta(seconds=life_s))
        return text

    def client_of(self, call: Call) -> str | None:
        """The client whose unexpired token the request carries."""
        scheme, _, text = call.header("Authorization").partition(" ")
        token = self._tokens.get(text.strip())
        if scheme.lower() != "bearer" or token is None or token.expires_at <= self._clock.now():
            return None
        return token.client

    def revoke_all(self) -> None:
        self._tokens.clear()


def client_credentials(call: Call, place: Literal["either", "body", "basic"] = "either") -> tuple[str, str]:
    """Id and secret of a token request's client, in the form or in a Basic header; empty if it names none there."""
    form = call.form()
    if "client_id" in form and place != "basic":
        return form["client_id"], form.get("client_secret", "")
    scheme, _, text = call.header("Authorization").partition(" ")
    if scheme.lower() != "basic" or place == "body":
        return "", ""
    client, secret = basic_pair(text)
    return unquote_plus(client), unquote_plus(secret)


def basic_pair(text: str) -> tuple[str, str]:
    """Name and password of what follows `Basic`, empty where it cannot be read."""
    try:
        name, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password


def token_refusal(status: int, error: str, description: str) -> Answer:
    """The error body of RFC 6749, section 5.2."""
    return Answer.json({"error": error, "error_description": description}, status)
