"""The `schedule` and `timezone` of a flow: when each route is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from ml_connector.configuration import cron
from ml_connector.configuration.section import Section, text_of
from ml_connector.configuration.tree import Item, Problems, suggestion
from ml_connector.records import Entity
from ml_connector.sync.flow import Pair

NEVER = "never"
CRON_FIX = (
    'Five fields: minute hour day month weekday. Every hour is "0 * * * *", daily at three "0 3 * * *"; '
    "`never` leaves it to people."
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the routes of a flow are due."""

    crons: dict[Entity, str]
    """Every route of the pair; "" is never."""
    timezone: str


def read_schedule(section: Section, pair: Pair) -> Schedule:
    """The flow's own words over the pair's defaults; `default` stands for every route that is not named."""
    item = section.get("schedule")
    zone = section.get("timezone")
    given: dict[str, str] = {}
    if item is not None:
        if isinstance(item.value, str):
            item = Item({"default": item}, item.place, {"default": item.place})
        names = ["default", *(route.entity.value for route in pair.routes)]
        schedule = Section(item, section.problems, f"schedule of {section.title}", [*names, "timezone"])
        zone = schedule.get("timezone") or zone
        for name in names:
            text = schedule.text(name)
            if text is not None:
                given[name] = _cron(item.value[name], text, section.problems)
    crons = {route.entity: given.get(route.entity.value, given.get("default", route.schedule)) for route in pair.routes}
    return Schedule(crons, _timezone(zone, section))


def next_run(schedule: str, timezone: str, after: datetime) -> datetime | None:
    """When a route is due next, UTC; None: never by itself."""
    return cron.parse(schedule).next_after(after, ZoneInfo(timezone)) if schedule else None


def _cron(item: Item, text: str, problems: Problems) -> str:
    if text == NEVER:
        return ""
    try:
        cron.parse(text)
    except ValueError as error:
        problems.add(item.place, f"{text!r} is no schedule: {error}.", CRON_FIX)
    return " ".join(text.split())


def _timezone(item: Item | None, section: Section) -> str:
    text = text_of(item, f"'timezone' of {section.title}", section.problems)
    if item is None or text is None:
        return "UTC"
    try:
        ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        known = available_timezones() or {"UTC"}
        fix = suggestion(text, known) or "Write it like Europe/Berlin."
        section.problems.add(item.place, f"There is no time zone {text!r}.", fix)
    return text
