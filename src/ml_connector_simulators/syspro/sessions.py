"""Who is logged on through e.net: one session per operator, ended by idleness, Logoff or the next logon (§2)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from .switches import SysproSwitches


@dataclass
class Session:
    operator: str
    company_id: str
    token: str
    used_at: datetime


class Sessions:
    """Open sessions and what became of all others."""

    def __init__(self) -> None:
        self.opened = self.closed = self.evicted = self.expired = 0
        self.evicted_operators: list[str] = []  # oldest first
        self._open: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(self, operator: str, company_id: str, now: datetime, switches: SysproSwitches) -> Session | None:
        """A new session; None if all seats are taken. Evicts the operator's other one."""
        self._expire(now, switches)
        for session in list(self._open.values()):
            same_company = session.company_id == company_id or switches.eviction == "any_company"
            if session.operator == operator and same_company and switches.eviction != "none":
                del self._open[session.token]
                self.evicted += 1
                self.evicted_operators.append(operator)
        if switches.seats and len(self._open) >= switches.seats:
            return None
        token = f"{secrets.token_hex(16).upper()}{secrets.randbelow(100):02}"
        self._open[token] = Session(operator, company_id, token, now)
        self.opened += 1
        return self._open[token]

    def use(self, token: str, now: datetime, switches: SysproSwitches) -> Session | None:
        """The session of a token, with or without its trailing blanks; its idle time begins anew."""
        self._expire(now, switches)
        session = self._open.get(token.strip())
        if session is not None:
            session.used_at = now
        return session

    def close(self, session: Session) -> None:
        del self._open[session.token]
        self.closed += 1

    def end_all(self) -> None:
        """As if all had been idle for too long."""
        self.expired += len(self._open)
        self._open.clear()

    def _expire(self, now: datetime, switches: SysproSwitches) -> None:
        life = timedelta(seconds=switches.session_idle_s)
        for session in list(self._open.values()):
            if now - session.used_at >= life:
                del self._open[session.token]
                self.expired += 1
