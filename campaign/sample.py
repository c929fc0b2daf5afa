"""The kills that the test suite plays: every store transaction and every kind of write once, in a minute or so.

Several in a row for each world, but never more than a run survives before it is parked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from campaign.kills import Kill, RequestKill, StoreKill
from campaign.pairs import MAIN, Pair, name_of, playable, setup_of
from campaign.plans import WHENS, When
from campaign.plant import Setup
from campaign.scenario import Scenario, Stage
from campaign.survey import Write

TRANSACTIONS: tuple[tuple[str, str, Stage, str], ...] = (
    ("sqlite", "pages", "first", "acquire:before_commit:1 start_run:before_commit:1 keep_page:before_commit:3"),
    ("sqlite", "pages", "changes", "acquire:after_commit:1 intend:before_commit:2 settle:before_commit:5"),
    ("postgresql", "pages", "first", "start_run:after_commit:1 keep_page:after_commit:5 intend:after_commit:3"),
    ("sqlite", "s2p_staging", "first", "settle:after_commit:4 set_route:before_commit:2 set_route:after_commit:1"),
    ("postgresql", "s2p_staging", "changes", "intend:after_commit:4 settle:after_commit:3"),
    ("sqlite", "pages", "company", "note:before_commit:1 note:after_commit:2"),
    (
        "sqlite",
        "pages",
        "first",
        "settle:before_commit:9 interrupted_run:before_commit:1 interrupted_run:after_commit:1",
    ),
    (
        "sqlite",
        "s2p_staging",
        "changes",
        "permits:before_commit:1 finish_run:before_commit:1 finish_run:after_commit:1",
    ),
    ("sqlite", "pages", "changes", "release:before_commit:1 release:after_commit:1"),
)
COMMANDS = (
    ("sqlite", "apply", "open_workspace:before_commit apply:before_commit"),
    ("postgresql", "apply", "open_workspace:after_commit apply:after_commit"),
    ("sqlite", "rotate", "rotate:before_commit rotate:after_commit"),
    ("sqlite", "held", "held:after_commit"),
    ("sqlite", "excluded", "excluded:before_commit"),
    ("sqlite", "released", "released:before_commit"),
    ("sqlite", "erase", "erase:after_commit"),
    ("sqlite", "memory", "memory:before_commit memory:after_commit"),
    ("postgresql", "renew", "renew:before_commit"),
)
WRITES: tuple[tuple[str, Stage, str], ...] = (
    ("pages", "first", "POST itfm_gl_accounts, POST cmn_cost_center, POST core_company"),
    ("pages", "first", "PATCH core_company, POST proc_po, POST proc_po_item"),
    ("pages", "first", "PATCH proc_po, POST sn_apo_invoice, POST sn_apo_invoice_line"),
    ("pages", "first", "PATCH sn_apo_invoice"),
    ("pages", "changes", "PATCH itfm_gl_accounts, PATCH cmn_cost_center, PATCH proc_po_item"),
    ("pages", "changes", "PATCH sn_apo_invoice_line"),
    ("s2p_staging", "first", "POST sn_fcms_intg_imp_order, POST sn_fcms_intg_imp_order_line"),
    ("s2p_staging", "changes", "POST sn_spend_intg_imp_invoice, PATCH sn_shop_invoice_line"),
)
BATCH_SIZE = 20
IN_TESTS = ("/first", "/changes", "ifs_cloud-procurify/told")
"""Of the few kills of a pair, those that the test suite plays."""
WRITTEN: Mapping[str, Mapping[str, Write]] = {
    "servicenow": {
        "supplier": Write("POST", "core_company", "batch"),
        "renamed": Write("PATCH", "core_company", "batch"),
        "order": Write("POST", "proc_po", "batch"),
    },
    "procurify": {
        "supplier": Write("POST", "vendors", "set"),
        "renamed": Write("PATCH", "vendors", "set"),
        "order": Write("POST", "orders", "set"),
    },
}
"""By target: what every pair writes."""
SETTLED = {"servicenow": "settle:after_commit:2", "procurify": "locks:after_commit:2"}
"""By target: in Procurify each write is made under a lock that other processes see."""


def sample() -> list[Scenario]:
    """The same every time."""
    others = [each for pair in playable() if pair != MAIN for each in few(pair) if each.name.endswith(IN_TESTS)]
    return [*_transactions(), *_commands(), *_writes(), *others]


def few(pair: Pair) -> list[Scenario]:
    """Eight kills of a pair, or nine, where they hurt most."""
    target = pair[1]
    written, name, setup = WRITTEN[target], f"few/{name_of(pair)}", setup_of(pair, batch_size=BATCH_SIZE)
    first = (_store_kill("keep_page:before_commit:3"), _at(written["order"], "after"), _store_kill(SETTLED[target]))
    settling, intended = _store_kill("settle:before_commit:2"), _store_kill("intend:after_commit:1")
    changes = (_at(written["renamed"], "before"), settling, intended)
    again = (_store_kill("keep_page:after_commit:2"), _at(written["supplier"], "before"))
    made = [
        Scenario(f"{name}/first", "few", "sqlite", setup, "first", first),
        Scenario(f"{name}/changes", "few", "sqlite", setup, "changes", changes, 1, True),
        Scenario(f"{name}/again", "few", "postgresql", setup, "first", again),
    ]
    if target == "procurify":
        told = (_at(written["order"], "before"),)
        made.append(Scenario(f"{name}/told", "few", "sqlite", setup, "changes", told))
    return made


def _at(write: Write, when: When) -> RequestKill:
    return RequestKill("target", 1, when, write.match, write.name)


def _transactions() -> list[Scenario]:
    made = []
    for number, (database, profile, stage, points) in enumerate(TRANSACTIONS, 1):
        kills = tuple(_store_kill(point) for point in points.split())
        name = f"sample/{database}/{profile}/transactions/{number}"
        edited = stage != "company" and number % 2 == 0
        made.append(Scenario(name, "transactions", database, Setup(profile=profile), stage, kills, 1, edited))
    return made


def _store_kill(text: str) -> StoreKill:
    name, when, *nth = text.split(":")
    return StoreKill(f"{name}:{when}", int(nth[0]) if nth else 1)


def _commands() -> list[Scenario]:
    made = []
    for database, command, points in COMMANDS:
        setup = Setup(signed="refresh" if command == "memory" else "client")
        kills = tuple(_store_kill(point) for point in points.split())
        name = f"sample/{database}/commands/{command}"
        made.append(Scenario(name, "commands", database, setup, "first", kills, command=command))
    return made


def _writes() -> list[Scenario]:
    made = []
    for number, (profile, stage, names) in enumerate(WRITES, 1):
        kills: list[Kill] = []
        for position, name in enumerate(names.split(", ")):
            method, table = name.split()
            when = WHENS[(number + position) % 2]
            kills.append(RequestKill("target", 1, when, Write(method, table, "batch").match, name))
        setup = Setup(profile=profile, batch_size=BATCH_SIZE)
        name = f"sample/sqlite/{profile}/writes/{number}"
        made.append(Scenario(name, "writes", "sqlite", setup, stage, tuple(kills), 1, number % 2 == 0))
    return made


def takeovers() -> list[Scenario]:
    """One process frozen, another takes over; the first wakes up after it or amid its writes."""
    freeze = RequestKill("target", 20, match={"kind": "write"})
    after = Scenario(
        "sample/sqlite/pages/takeover/after",
        "takeover",
        "sqlite",
        Setup(batch_size=7),
        kills=(freeze,),
        edited=True,
        thawed="after",
    )
    return [after, replace(after, name="sample/sqlite/pages/takeover/during", thawed="during")]
