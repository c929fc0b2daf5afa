"""The configuration file: what is right is read, what is wrong is refused with line, reason and remedy."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from ml_connector.configuration import Catalogue, Configuration, export, read
from ml_connector.configuration import cron as crons
from ml_connector.errors import ConfigurationError
from ml_connector.records import Entity
from ml_connector.store.configuration import ConnectionConfig, RouteEntry
from ml_connector.sync.flow import Pair, PairRoute
from ml_connector.systems.base import Connector, Opening, System


class ErpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    companies: Annotated[list[str], msgspec.Meta(description="Companies to read.", examples=[["10"]])]
    realm: str = "main"
    strategy: Literal["stamps", "keys"] = "stamps"
    window_s: int = 75

    def __post_init__(self) -> None:
        if len(set(self.companies)) < len(self.companies):
            raise ValueError("a company is named twice")


class Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    client_id: str
    client_secret: str


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    username: str
    password: str


class NoSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    columns: dict[str, str] = {}


def opened(opening: Opening) -> AbstractAsyncContextManager[System]:
    raise NotImplementedError


def connector(system: str) -> Connector:
    return {
        "erp": Connector(
            system="erp",
            title="Little ERP",
            settings=ErpSettings,
            credentials={"oauth2": Client, "basic": Person},
            reads=frozenset(Entity),
            writes=frozenset({Entity.SUPPLIERS}),
            open=opened,
            default_url="https://<tenant>.erp.example.com",
        ),
        "buy": Connector(
            system="buy",
            title="Buy Now",
            settings=NoSettings,
            credentials={"basic": Person},
            reads=frozenset({Entity.SUPPLIERS}),
            writes=frozenset(Entity),
            open=opened,
            default_url="https://api.buy.example.com",
        ),
    }[system]


PAIR = Pair(
    source="erp",
    target="buy",
    routes=(
        PairRoute(Entity.GL_ACCOUNTS, schedule="0 3 * * *"),
        PairRoute(Entity.SUPPLIERS),
        PairRoute(Entity.INVOICES),
    ),
)
CATALOGUE = Catalogue(systems=("buy", "erp"), connector=connector, pairs={("erp", "buy"): PAIR})
ENVIRON = {"ERP_SECRET": "s3cret", "HOST": "erp.example.com", "LIMIT": "90"}

GOOD = """\
connections:
  - name: books
    system: erp
    base_url: https://${HOST}
    settings: {companies: ["10"], window_s: 5}
    credentials: {client_id: mlc, client_secret: "${ERP_SECRET}"}
  - name: shop
    system: buy
    credentials: {auth_mode: basic, username: mlc, password: pass-word}
flows:
  - name: books-to-shop
    source: books
    target: shop
    start_from: 2026-01-01
    schedule: {default: "0 * * * *", gl_accounts: "0 4 * * mon-fri"}
    routes:
      suppliers: {direction: both, conflict: newest, owners: {payment_terms: target}}
      invoices: {enabled: true}
    value_maps:
      gl_accounts: {"6100-20": "610020"}
"""


def parsed(text: str) -> Configuration:
    return read(text, ENVIRON, file="ml-connector.yaml", catalogue=CATALOGUE)


def refusal(text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        parsed(text)
    return caught.value


def problems(text: str) -> list[tuple[int, str]]:
    return [(problem.line, str(problem)) for problem in refusal(text).fields["problems"]]


def test_good_file_is_read() -> None:
    found = parsed(GOOD)
    books, shop = found.connections
    assert (books.base_url, books.settings) == ("https://erp.example.com", {"companies": ["10"], "window_s": 5})
    assert (books.auth_mode, dict(books.credentials)) == ("oauth2", {"client_id": "mlc", "client_secret": "s3cret"})
    assert shop.base_url == "https://api.buy.example.com"
    (flow,) = found.flows
    assert (flow.source, flow.target, flow.start_from, flow.timezone) == ("books", "shop", date(2026, 1, 1), "UTC")
    assert flow.value_maps == {"gl_accounts": {"6100-20": "610020"}}
    assert flow.routes == (
        RouteEntry(entity=Entity.GL_ACCOUNTS, schedule="0 4 * * mon-fri"),
        RouteEntry(
            entity=Entity.SUPPLIERS,
            direction="both",
            conflict="newest",
            owners={"payment_terms": "target"},
            schedule="0 * * * *",
        ),
        RouteEntry(entity=Entity.INVOICES, schedule="0 * * * *"),
    )


def edit(old: str, new: str) -> Callable[[], str]:
    assert GOOD.count(old) == 1, old
    return lambda: GOOD.replace(old, new)


BAD: dict[str, tuple[Callable[[], str], int, str, str]] = {
    # name: (the file, line of the problem, part of the reason, part of the remedy)
    "no yaml": (edit("settings: {companies", "settings: {{companies"), 6, "not YAML", "indentation and quotes"),
    "tab": (edit("    source: books", "\tsource: books"), 12, "not YAML", "indentation"),
    "control character": (lambda: "connections: \x01", 1, "not YAML", "UTF-8"),
    "empty": (lambda: "# nothing\n", 1, "is empty", "`connections:` and `flows:`"),
    "a list": (lambda: "- a\n", 1, "must be a mapping, not a list", "connections, flows"),
    "unknown key at the top": (edit("flows:\n", "flow:\n"), 10, "'flow'", "Did you mean 'flows'?"),
    "connections no list": (lambda: "connections: {a: b}\n", 1, "must be a list", "`- `"),
    "unknown key of a connection": (edit("base_url: ", "base_ulr: "), 4, "'base_ulr'", "Did you mean 'base_url'?"),
    "unknown key of a flow": (edit("schedule:", "shedule:"), 15, "'shedule'", "Did you mean 'schedule'?"),
    "unknown system": (edit("system: erp", "system: erpp"), 3, "system 'erpp'", "Did you mean 'erp'?"),
    "system missing": (edit("    system: buy\n", ""), 7, "lacks 'system'", "Possible: buy, erp."),
    "name missing": (edit("- name: books\n    system", "- system"), 2, "lacks 'name'", "short name"),
    "name unusable": (edit("name: shop", "name: my shop"), 7, "'my shop' cannot be a name", "letters, digits"),
    "name given twice": (edit("name: shop", "name: books"), 7, "there twice, first in line 2", "Rename"),
    "key given twice": (edit("    target: shop", "    source: shop"), 13, "twice, first in line 12", "Remove"),
    "address missing": (edit("    base_url: https://${HOST}\n", ""), 2, "lacks 'base_url'", "<tenant>.erp.example.com"),
    "address without scheme": (edit("https://${HOST}", "erp.example.com"), 4, "begin with https://", "Write it like"),
    "address with path": (edit("https://${HOST}", "https://h/api"), 4, "host and port only", "Write it like"),
    "address with password": (edit("https://${HOST}", "https://a:b@h"), 4, "belong into credentials", "Write it like"),
    "required setting missing": (edit('companies: ["10"], ', ""), 5, "lack 'companies'", "Companies to read"),
    "unknown setting": (edit("window_s: 5", "windows: 5"), 5, "'windows'", "Did you mean 'window_s'?"),
    "setting of wrong type": (edit("window_s: 5", "window_s: soon"), 5, "expected a whole number", ""),
    "number for a text": (edit('["10"]', "[10]"), 5, "expected a text, got a whole number", "Put it in quotes"),
    "setting out of choice": (edit("window_s: 5", "strategy: stamp"), 5, "'strategy'", "Did you mean 'stamps'?"),
    "settings that contradict": (edit('["10"]', '["10", "10"]'), 5, "a company is named twice", ""),
    "unknown auth_mode": (edit("auth_mode: basic", "auth_mode: basics"), 9, "'basics'", "Did you mean 'basic'?"),
    "unknown credential": (edit("client_id: mlc", "client: mlc"), 6, "'client'", "Did you mean 'client_id'?"),
    "credential missing": (edit("username: mlc, ", ""), 9, "lack 'username'", ""),
    "credential empty": (edit("username: mlc", 'username: ""'), 9, "'username'", "Give it a value"),
    "variable missing": (edit("ERP_SECRET", "ERP_SECRETS"), 6, "is not set", "Did you mean 'ERP_SECRET'?"),
    "variable misspelt": (edit("${HOST}", "${HO ST}"), 4, "names no environment variable", "Write ${NAME}"),
    "variable unclosed": (edit("${HOST}", "${HOST"), 4, "names no environment variable", "$${"),
    "unknown connection": (edit("source: books", "source: book"), 12, "connection 'book'", "Did you mean 'books'?"),
    "flow without target": (edit("    target: shop\n", ""), 11, "lacks 'target'", "books, shop"),
    "pair not offered": (
        lambda: GOOD.replace("source: books", "source: shop").replace("target: shop", "target: books"),
        13,
        "Buy Now into Little ERP is not supported",
        "erp into buy",
    ),
    "unknown route": (edit("      invoices: {", "      invoice: {"), 18, "'invoice'", "Did you mean 'invoices'?"),
    "route not of this pair": (edit("      invoices: {", "      payments: {"), 18, "'payments'", "gl_accounts"),
    "unknown route key": (edit("enabled: true", "active: true"), 18, "'active'", "enabled"),
    "flag no flag": (edit("enabled: true", "enabled: 1"), 18, "true or false", ""),
    "bad number": (edit("enabled: true", "sweep_every_days: -1"), 18, "0 or more", ""),
    "unknown direction": (edit("direction: both", "direction: back"), 17, "'back'", "both"),
    "direction not supported": (
        edit("invoices: {enabled: true}", "invoices: {direction: both}"),
        18,
        "invoices cannot be written to Little ERP",
        "direction: source_to_target",
    ),
    "conflict without two ways": (edit("direction: both, ", ""), 17, "no meaning unless", "direction: both"),
    "unknown conflict": (edit("conflict: newest", "conflict: latest"), 17, "'latest'", "newest"),
    "owner of an unknown field": (edit("payment_terms: t", "payment_term: t"), 17, "'payment_term'", "payment_terms"),
    "unknown owner": (edit("payment_terms: target", "payment_terms: erp"), 17, "'erp'", "source, target"),
    "start missing": (edit("    start_from: 2026-01-01\n", ""), 11, "lacks 'start_from', which invoices", "`all`"),
    "bad date": (edit("2026-01-01", "2026-02-30"), 14, "'2026-02-30' is no date", "2026-01-01"),
    "date in another form": (edit("2026-01-01", "01/02/2026"), 14, "is no date", "2026-01-01"),
    "cron with four fields": (edit("0 * * * *", "0 * * *"), 15, "4 fields instead of 5", "Every hour"),
    "cron out of range": (edit("0 * * * *", "60 * * * *"), 15, "minute 60 is not between 0 and 59", "Every hour"),
    "cron without a day": (edit("0 * * * *", "0 0 30 2 *"), 15, "there is no such day", "Every hour"),
    "schedule of no route": (edit("gl_accounts: \"0 4", "gl_account: \"0 4"), 15, "'gl_account'", "gl_accounts"),
    "unknown time zone": (
        edit("schedule: {", "schedule: {timezone: Europe/Berln, "),
        15,
        "time zone 'Europe/Berln'",
        "Europe/Berlin",
    ),
    "value map of nothing": (edit('gl_accounts: {"61', 'gl_acounts: {"61'), 20, "'gl_acounts'", "gl_accounts"),
    "number in a value map": (edit('"610020"', "610020"), 20, "must be a text, not a number", "Put it in quotes"),
    "value map no mapping": (edit('{"6100-20": "610020"}', "[a]"), 20, "must be a mapping", "code on the target"),
    "refers to itself": (edit('["10"]', "&a [*a]"), 5, "refers to itself", "Write it out"),
    "python object": (edit("window_s: 5", "realm: !!python/name:os.system x"), 5, "not a value that is", "quotes"),
    "variable without quotes": (edit('"${ERP_SECRET}"', "${ERP_SECRET}"), 6, "not YAML", "needs quotes"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_refused_with_line_reason_and_remedy(name: str) -> None:
    text, line, reason, remedy = BAD[name]
    assert any(at == line and reason in said and remedy in said for at, said in problems(text())), problems(text())


def test_all_problems_are_told_at_once_in_the_order_of_lines() -> None:
    text = GOOD.replace("system: erp", "sistem: erp").replace("auth_mode: basic", "auth_mode: none")
    error = refusal(text.replace("enabled: true", "enabled: soon"))
    assert [problem.line for problem in error.fields["problems"]] == [2, 3, 9]
    assert error.message.startswith("ml-connector.yaml has 3 problems; nothing was changed.\n  line 2, column 5: ")


def test_secrets_are_in_no_message() -> None:
    assert "s3cret" not in str(refusal(GOOD.replace("client_id: mlc", "client_id: 5")))


def test_dollar_is_escaped() -> None:
    assert dict(parsed(GOOD.replace("pass-word", '"a$${HOST}$b"')).connections[1].credentials) == {
        "username": "mlc",
        "password": "a${HOST}$b",
    }


def test_number_may_come_from_a_variable() -> None:
    assert parsed(GOOD.replace("window_s: 5", "window_s: '${LIMIT}'")).connections[0].settings["window_s"] == 90


def test_secret_that_looks_like_a_number_stays_a_text() -> None:
    found = read(GOOD, {**ENVIRON, "ERP_SECRET": "0012"}, catalogue=CATALOGUE)
    assert found.connections[0].credentials["client_secret"] == "0012"


def test_route_that_is_switched_off_needs_no_start() -> None:
    text = GOOD.replace("enabled: true", "enabled: false").replace("    start_from: 2026-01-01\n", "")
    assert [route.enabled for route in parsed(text).flows[0].routes] == [True, True, False]


def test_schedule_defaults_to_the_pair_and_may_be_one_text() -> None:
    def schedules(schedule: str) -> list[str]:
        text = GOOD.replace('    schedule: {default: "0 * * * *", gl_accounts: "0 4 * * mon-fri"}\n', schedule)
        return [route.schedule for route in parsed(text).flows[0].routes]

    assert schedules("") == ["0 3 * * *", "0 * * * *", "0 * * * *"]
    assert schedules('    schedule: "5 * * * *"\n') == ["5 * * * *"] * 3
    assert schedules("    schedule: {default: never, suppliers: '1 1 * * *'}\n") == ["", "1 1 * * *", ""]


def test_settings_of_every_connection() -> None:
    text = GOOD.replace("window_s: 5", "ca_file: /etc/ca.pem, proxy: 'http://proxy:3128'")
    assert parsed(text).connections[0].settings["proxy"] == "http://proxy:3128"
    refused = problems(text.replace("http://proxy", "http://user:pw@proxy"))
    assert len(refused) == 1 and "'proxy'" in refused[0][1] and "without a password" in refused[0][1]


def test_what_is_exported_reads_the_same_without_secrets() -> None:
    found = parsed(GOOD)
    text = export(found.connections, found.flows)
    again = parsed(text)
    assert again.flows == found.flows
    assert [without_secrets(c) for c in again.connections] == [without_secrets(c) for c in found.connections]
    assert "s3cret" not in text and "pass-word" not in text and "mlc" not in text


def without_secrets(connection: ConnectionConfig) -> Any:
    return msgspec.structs.replace(connection, credentials={})


@pytest.mark.parametrize(
    ("cron", "after", "due", "zone"),
    [
        ("0 * * * *", "2026-01-31T23:00", "2026-02-01T00:00", "UTC"),
        ("*/20 8-9 * * *", "2026-01-01T08:41", "2026-01-01T09:00", "UTC"),
        ("0 3 * * mon-fri", "2026-01-02T03:00", "2026-01-05T03:00", "UTC"),
        ("0 0 29 feb *", "2026-01-01T00:00", "2028-02-29T00:00", "UTC"),
        ("0 0 13 * fri", "2026-02-14T00:00", "2026-02-20T00:00", "UTC"),
        ("0 0 * * 7", "2026-01-01T00:00", "2026-01-04T00:00", "UTC"),
        ("0 3 * * *", "2026-06-01T00:00", "2026-06-01T01:00", "Europe/Berlin"),
        ("30 2 * * *", "2026-03-29T00:00", "2026-03-29T01:30", "Europe/Berlin"),  # skipped: right after the gap
        ("1-59/29 5/6 * * *", "2026-01-01T11:02", "2026-01-01T11:30", "UTC"),
    ],
)
def test_next_due_time(cron: str, after: str, due: str, zone: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = crons.parse(cron).next_after(moment, ZoneInfo(zone))
    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "cron",
    ["", "* * * *", "* * * * * *", "-1 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *",
     "5-1 * * * *", "a * * * *", "* * * foo *", "1, * * * *", "1- * * * *", "/5 * * * *", "٣ * * * *", "0 0 31 apr *"],
)  # fmt: skip
def test_bad_schedules_are_refused(cron: str) -> None:
    with pytest.raises(ValueError, match=r"fields|number|between|backwards|no such day"):
        crons.parse(cron)
