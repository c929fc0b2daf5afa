"""Who may ask: tokens, keys, tenant headers and the limit of calls (fact sheet §1, §5)."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from math import ceil

from ..clock import SimulatedClock
from ..exchange import Answer, Call
from ..sign_in import BearerTokens, client_credentials, token_refusal
from .reading import tenant_guid
from .refusals import not_authenticated, too_many
from .routes import guid_in_path
from .story_rows import PCN_OF
from .switches import PlexSwitches

CLIENT_ID, CLIENT_SECRET = "mlc", "plex-demo-secret"
API_KEY, API_SECRET = "plex-demo-key", "plex-demo-key-secret"
_WINDOW = timedelta(seconds=60)


class Gate:
    """Issues tokens and checks calls; `plants` are the PCNs that the credentials may see."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self.tokens = BearerTokens(clock)
        self._passed: dict[str, deque[datetime]] = {}
        self.key_since = clock.now()
        self.disabled: set[str] = set()
        self.plants = set(PCN_OF.values())

    def revoke_tokens(self) -> None:
        self.tokens.revoke_all()

    def credential(self, call: Call, switches: PlexSwitches) -> str:
        """The client or key that asks. Raises RefusedError 401."""
        who = self.tokens.client_of(call) if call.header("Authorization") else self._key(call, switches)
        if who is None or who in self.disabled:
            raise not_authenticated()
        return who

    def _key(self, call: Call, switches: PlexSwitches) -> str:
        """The key of the headers; one in the URL is no key."""
        key, secret = call.header("X-Plex-Connect-Api-Key"), call.header("X-Plex-Connect-Api-Secret")
        ends = self.key_since + timedelta(days=switches.key_life_days)
        if key != API_KEY or (switches.key_life_days and ends <= self._clock.now()):
            raise not_authenticated()
        if secret != API_SECRET and (secret or switches.secret_required):
            raise not_authenticated()
        return key

    def pcn(self, call: Call, switches: PlexSwitches) -> str:
        """The plant that a call is for: without a header the default one, no error (§6.2). Raises RefusedError 401."""
        customer, tenant = call.header("X-Plex-Connect-Customer-Id"), call.header("X-Plex-Connect-Tenant-Id")
        named = {customer} if customer else set()
        if tenant:
            named |= {next((p for p in PCN_OF.values() if tenant_guid(p) == guid_in_path(tenant)), "")}
        if not named:
            named = {switches.default_pcn}
        if len(named) > 1 or not named <= self.plants:
            raise not_authenticated()
        return named.pop()

    def count(self, who: str, product: str, switches: PlexSwitches) -> None:
        """Counts a call of the last minute. Raises RefusedError 429 (or 403) beyond the limit."""
        now = self._clock.now()
        passed = self._passed.setdefault(f"{who} {product}" if switches.calls_counted_by == "product" else who, deque())
        while passed and passed[0] <= now - _WINDOW:
            passed.popleft()
        limit = switches.calls_per_minute
        if limit <= 0 or len(passed) < limit:
            passed.append(now)
            return
        wait = max(1, ceil((passed[0] + _WINDOW - now).total_seconds()))
        forms = {"seconds": {"Retry_After": str(wait)}, "date": {"Retry_After": self._clock.http_date(wait)}}
        raise too_many(switches.over_limit, **forms.get(switches.retry_after, {}))

    def token(self, call: Call, switches: PlexSwitches) -> Answer:
        """Answers the token endpoint: client credentials in a form, no refresh token (§1a)."""
        if call.method != "POST":
            return Answer(405)
        form = call.form()
        grant = form.get("grant_type", "")
        if not call.header("Content-Type").startswith("application/x-www-form-urlencoded") or not grant:
            return token_refusal(400, "invalid_request", "The parameter grant_type is missing.")
        if grant != "client_credentials":
            return token_refusal(400, "unsupported_grant_type", "Only client_credentials is supported.")
        client, secret = client_credentials(call, switches.client_auth)
        if (client, secret) != (CLIENT_ID, CLIENT_SECRET) or client in self.disabled:
            return token_refusal(401, "invalid_client", "The client could not be authenticated.")
        life = switches.token_life_s
        text = self.tokens.issue(client, life)
        granted = {"access_token": text, "token_type": "Bearer", "expires_in": life, "scope": form.get("scope", "")}
        return Answer.json(granted, Cache_Control="no-store")
