"""What a test may turn on a running instance beyond its switches: `POST /_control/grants`, or `sim.grant(...)`.

{"take_role": "procurement_user"}                    from everybody, or with "user" from one
{"give_role": "procurement_user", "user": "ml.connector"}
{"take_plugin": "com.snc.procurement"}  {"give_plugin": ...}
{"take_column": "correlation_id", "table": "proc_po"}
{"give_column": "u_erp_key", "table": "proc_po", "kind": "string"}      also "max_length", "mandatory", ...
{"hide_rows": "proc_po", "query": "statusINordered"}  {"show_rows": "proc_po"}
{"hide_column": "vendor", "table": "proc_po"}         {"lock_column": "vendor", "table": "proc_po"}
{"deny_write": "proc_po", "operations": ["Insert"]}   Insert, Update, Delete; {"allow_write": "proc_po"}
{"receive": "PO0010001"}                              posts a receiving slip, by number or sys_id
{"run_jobs": true}                                    transforms what is pending and runs the S2P jobs
{"clean_up_import_sets": true}  {"expire_tokens": true}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .import_api import clean_up
from .query import parse

if TYPE_CHECKING:
    from .simulator import ServiceNowSimulator

Change = Mapping[str, Any]
Control = Callable[["ServiceNowSimulator", Change], None]


def apply(simulator: ServiceNowSimulator, change: Change) -> dict[str, Any]:
    """Makes one change and returns the rights now in force; raises ValueError for an unknown word."""
    control = next((CONTROLS[word] for word in change if word in CONTROLS), None)
    if control is None:
        raise ValueError(f"unknown change {sorted(change)}; known: {', '.join(CONTROLS)}")
    control(simulator, change)
    instance = simulator.instance
    return {
        "roles": {name: sorted(account.roles) for name, account in instance.accounts.items()},
        "plugins": sorted(instance.plugins),
        "write_denied": {name: sorted(denied) for name, denied in instance.write_denied.items()},
    }


def _give_column(simulator: ServiceNowSimulator, change: Change) -> None:
    details = {key: value for key, value in change.items() if key not in ("give_column", "table", "kind")}
    simulator.instance.add_column(change["table"], change["give_column"], change.get("kind", "string"), **details)


def _hide_rows(simulator: ServiceNowSimulator, change: Change) -> None:
    table = simulator.instance.tables[change["hide_rows"]]
    rows = simulator.instance.search().rows(table, parse(change.get("query", "")))
    table.hidden.update(row["sys_id"] for row in rows)


def _receive(simulator: ServiceNowSimulator, change: Change) -> None:
    instance = simulator.instance
    orders = instance.tables["proc_po"]
    wanted = change["receive"]
    row = orders.rows.get(wanted) or orders.find(number=wanted)[0]
    instance.place("proc_rec_slip", {"purchase_order": row["sys_id"], "received": instance.stamp()})


def _run_jobs(simulator: ServiceNowSimulator, change: Change) -> None:
    simulator.api.imports.catch_up(everything=True)
    simulator.api.ap_invoices.catch_up(everything=True)
    simulator.api.jobs.run()


def _deny_write(simulator: ServiceNowSimulator, change: Change) -> None:
    operations = set(change.get("operations", ("Insert", "Update", "Delete")))
    simulator.instance.write_denied[change["deny_write"]] = operations


def _hide_column(simulator: ServiceNowSimulator, change: Change) -> None:
    simulator.instance.tables[change["table"]].hidden_columns.add(change["hide_column"])


def _allow_write(simulator: ServiceNowSimulator, change: Change) -> None:
    simulator.instance.write_denied.pop(change["allow_write"], None)


def _clean_up(simulator: ServiceNowSimulator, change: Change) -> None:
    clean_up(simulator.instance)


CONTROLS: dict[str, Control] = {
    "take_role": lambda sim, change: sim.instance.take_role(change["take_role"], change.get("user")),
    "give_role": lambda sim, change: sim.instance.give_role(change["give_role"], change.get("user", sim.user_name)),
    "take_plugin": lambda sim, change: sim.instance.set_plugin(change["take_plugin"], active=False),
    "give_plugin": lambda sim, change: sim.instance.set_plugin(change["give_plugin"], active=True),
    "take_column": lambda sim, change: sim.instance.remove_column(change["table"], change["take_column"]),
    "give_column": _give_column,
    "hide_rows": _hide_rows,
    "show_rows": lambda sim, change: sim.instance.tables[change["show_rows"]].hidden.clear(),
    "hide_column": _hide_column,
    "lock_column": lambda sim, change: sim.instance.lock_column(change["table"], change["lock_column"]),
    "deny_write": _deny_write,
    "allow_write": _allow_write,
    "receive": _receive,
    "run_jobs": _run_jobs,
    "clean_up_import_sets": _clean_up,
    "expire_tokens": lambda sim, change: sim.oauth.expire_all(),
}
