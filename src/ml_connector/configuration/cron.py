"""Cron: five fields (minute, hour, day of month, month, day of week), checked strictly, and the next time it is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(_MONTHS, 1)}
DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, MONTHS),
    ("day of week", 0, 7, DAYS),
)
LEAP_CYCLE_DAYS = 8 * 366
"""After so many days every date there is has come by, 29 February included."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A schedule. Where day of month and day of week are both restricted, either suffices, as everywhere."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    any_day: bool
    any_weekday: bool

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The first due time after `moment`, UTC; the fields are read in `zone`.

        A time that a change to summer time skips is due right after the gap.
        """
        first = moment.astimezone(zone).date()
        for offset in range(LEAP_CYCLE_DAYS):
            day = first + timedelta(days=offset)
            if not self._falls_on(day):
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    due = datetime.combine(day, time(hour, minute), zone).astimezone(UTC)
                    if due > moment:
                        return due
        raise ValueError("never due")

    def _falls_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday


def parse(text: str) -> Cron:
    """The schedule; ValueError says what is wrong with it."""
    fields = text.split()
    if len(fields) != len(FIELDS):
        raise ValueError(f"it has {len(fields)} fields instead of 5 (minute, hour, day of month, month, day of week)")
    minutes, hours, days, months, weekdays = (
        _values(field, *shape) for field, shape in zip(fields, FIELDS, strict=True)
    )
    cron = Cron(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        frozenset(days),
        frozenset(months),
        frozenset(day % 7 for day in weekdays),
        any_day=fields[2].startswith("*"),
        any_weekday=fields[4].startswith("*"),
    )
    try:
        cron.next_after(datetime(2000, 1, 1, tzinfo=UTC), ZoneInfo("UTC"))
    except ValueError:
        raise ValueError("there is no such day") from None
    return cron


def _values(field: str, title: str, lowest: int, highest: int, names: dict[str, int]) -> set[int]:
    found: set[int] = set()
    for piece in field.split(","):
        span, slash, step_text = piece.partition("/")
        step = _number(step_text, title, 1, highest, {}) if slash else 1
        if span == "*":
            first, last = lowest, highest
        else:
            start, dash, end = span.partition("-")
            first = _number(start, title, lowest, highest, names)
            last = _number(end, title, lowest, highest, names) if dash else highest if slash else first
        if first > last:
            raise ValueError(f"{title} {piece!r} runs backwards")
        found.update(range(first, last + 1, step))
    return found


def _number(text: str, title: str, lowest: int, highest: int, names: dict[str, int]) -> int:
    named = names.get(text.lower())
    if named is not None:
        return named
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{title} {text!r} is not a number" + (f" or one of {', '.join(names)}" if names else ""))
    if not lowest <= int(text) <= highest:
        raise ValueError(f"{title} {text} is not between {lowest} and {highest}")
    return int(text)
