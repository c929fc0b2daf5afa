"""Takes secrets out of text before anybody can read it.

Two nets: every secret we hold is registered and masked wherever it appears, also URL-encoded or in base64; and whatever
looks like a credential (bearer token, Basic header, `client_secret=...`) is masked even when we never saw it before.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import weakref
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = "***"

SHORTEST = 4
"""Characters; masking anything shorter would only make the text unreadable."""

_NAMES = (
    r"client_secret|client_assertion|refresh_token|access_token|id_token|password|passwd|pwd|secret|"
    r"api_?key|authorization|proxy-authorization"
)
_PATTERNS = (
    re.compile(r"(?i)\b(?:bearer|basic|negotiate)(?:\s+|%20)([A-Za-z0-9._~+/=-]{6,})"),
    re.compile(rf"(?i)\b(?:{_NAMES})=([^&\s\"'<>]+)"),
    re.compile(rf"(?i)\"(?:{_NAMES})\"\s*:\s*\"((?:\\.|[^\"\\])*)"),
    re.compile(rf"(?i)'(?:{_NAMES})'\s*:\s*'((?:\\.|[^'\\])*)"),
    re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://([^/\s:@]+:[^/\s@]+)@"),
)
"""What looks like a credential; the group is the part to mask."""

_STANDARD = frozenset(vars(logging.makeLogRecord({})))


class _Register:
    """The secrets of this process, each in the forms in which it may travel."""

    def __init__(self) -> None:
        self._holders: dict[str, int] = {}
        self._forms: dict[str, set[str]] = {}

    def add(self, secrets: Iterable[str]) -> None:
        for secret in secrets:
            if len(secret) >= SHORTEST:
                self._holders[secret] = self._holders.get(secret, 0) + 1
                self._forms.setdefault(secret, _forms(secret))

    def remove(self, secrets: Iterable[str]) -> None:
        for secret in secrets:
            left = self._holders.get(secret, 0) - 1
            if left > 0:
                self._holders[secret] = left
            elif left == 0:
                del self._holders[secret], self._forms[secret]

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where in `text` they stand; they may overlap."""
        for forms in list(self._forms.values()):
            for form in forms:
                start = text.find(form)
                while start >= 0:
                    yield start, start + len(form)
                    start = text.find(form, start + 1)


_register = _Register()


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    plain = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], encoded}
    return {form for form in plain if len(form) >= SHORTEST}


def register_secret(*secrets: str) -> None:
    """Mask these from now on; each call needs its own `forget_secret`."""
    _register.add(secrets)


def forget_secret(*secrets: str) -> None:
    """Stop masking these (a token that was replaced), so that the register does not grow for ever."""
    _register.remove(secrets)


def mask_while_alive(holder: object, secret: str) -> Callable[[], object]:
    """Mask a secret that changes (a token) until its holder is gone, or what this returns is called."""
    register_secret(secret)
    end = weakref.finalize(holder, forget_secret, secret)
    end.atexit = False  # what is said while the process ends is masked, too
    return end


def redact(text: str) -> str:
    """`text` without anything that could sign somebody in.

    Both nets look at the text as it came: masking with one first could hide from the other where a secret begins.
    """
    spans = list(_register.spans(text))
    for pattern in _PATTERNS:
        spans += (match.span(1) for match in pattern.finditer(text))
    if not spans:
        return text
    pieces: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if start >= done:
            pieces += (text[done:start], MASK)
        done = max(done, end)
    return "".join(pieces) + text[done:]


class RedactionFilter(logging.Filter):
    """Redacts whole log records: message, arguments, traceback and extra fields.

    Belongs on every handler; on a logger it would miss what children pass up.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        for name, value in vars(record).items():
            if name not in _STANDARD and isinstance(value, str):
                setattr(record, name, redact(value))
        return True


def install(logger: logging.Logger | None = None) -> None:
    """Put the filter on every handler of `logger` (the root logger when None); more than once does no harm."""
    for handler in (logger or logging.getLogger()).handlers:
        if not any(isinstance(each, RedactionFilter) for each in handler.filters):
            handler.addFilter(RedactionFilter())
