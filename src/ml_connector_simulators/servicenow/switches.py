"""What can be set differently on a simulated ServiceNow instance, and what it is by default.

Wherever the fact sheet says "expect either", one of the two is the default here and the other a switch.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .. import framework


class Trap(msgspec.Struct, forbid_unknown_fields=True):
    """What becomes of the next API requests that match; requests inside a Batch count as well."""

    kind: Literal["error_in_200", "torn_200", "drop_202", "cancelled_500", "empty_201"]
    """What happens:

    error_in_200: a list answers 200 with part of its rows and, beside them, a cancelled transaction's error;
    torn_200: the same, but no longer JSON;
    drop_202: 202, and nothing is done;
    cancelled_500: 500, after the write was done;
    empty_201: an import answers 201 with an empty body, and nothing is done.
    """
    path: str = ""
    """Part of the path; empty matches every API request."""
    method: str = ""
    after: int = 0
    """Matching requests that go well first."""
    times: int = 1
    seen: int = 0


class Switches(framework.Switches):
    """Settings of an instance; every one can be changed while it runs."""

    profile: Literal["both", "pages", "s2p"] = "both"
    """Which tables exist: those of the product pages, the vendor's staging tables, or both."""

    # Signing in (fact sheet section 1)
    token_lifetime_s: int = 1800
    grant_enabled: bool = True
    """glide.oauth.inbound.client.credential.grant_type.enabled."""
    application_user: bool = True
    """Whether an OAuth Application User is named on the client record."""
    tokens_map_to_guest: bool = False
    """Before release Washington client-credential tokens belonged to guest: the next call answers 401."""
    refresh_token_with_client_credentials: bool = False
    token_in_basic_header: bool = False
    """Whether the token endpoint also takes the client in a Basic header."""
    cookie_queue: int = 10
    """Requests of one login session that may wait; what comes on top is answered 202 and dropped."""

    # Reading (section 2)
    invalid_query_returns_no_rows: bool = False
    equals_ignores_case: bool = True
    user_time_zone: str = "UTC"
    invalid_table_detail: bool = False
    """Detail `Table X does not exist` instead of null."""
    metadata: Literal["open", "hidden_rows", "forbidden"] = "open"
    """Whether non-admins see sys_dictionary, sys_db_object, v_plugin, sys_user_has_role, sys_choice."""
    stats: Literal["counts_hidden", "counts_visible", "forbidden"] = "counts_hidden"
    """Whether /api/now/stats counts the rows that access rules hide."""

    # Writing (sections 2, 6, 7)
    custom_sys_id: bool = True
    """Whether POST honours the sys_id sent with it."""
    allow_non_existing_choice: bool = False
    session_currency: str = "USD"
    currency_echo: Literal["amount", "code_and_amount"] = "amount"
    """How a currency column is returned: `12.35`, or `EUR;12.35`."""
    decimal_places: int | None = None
    """Decimals kept by decimal and currency columns; None keeps all that were sent."""
    integer_quantities: bool = True
    """Whether the quantities of proc_po_item are integer columns: 2.5 is cut to 2."""
    gl_columns_on_po_line: bool = True
    """Whether proc_po_item has u_gl_account and u_cost_center."""
    erp_key_column: str = ""
    """An own column, for example u_erp_key, on every table that an ERP record lands in."""
    correlation_id: dict[str, bool] = msgspec.field(default_factory=dict)
    """Per table, whether it has correlation_id, where that differs from schema.py."""
    unique_columns: dict[str, list[str]] = msgspec.field(default_factory=dict)
    """Per table, the columns under a unique index."""
    received_po: Literal["forbidden", "dropped"] = "forbidden"
    """A purchase order with a receiving slip: a change is refused with 403, or dropped with 200."""

    # Bulk writing (section 3)
    coalesce: dict[str, bool] = msgspec.field(default_factory=dict)
    """Per staging table, False takes the upsert key off its transform map."""
    choice_actions: dict[str, Literal["error", "reject", "ignore", "create"]] = msgspec.field(default_factory=dict)
    """`staging_table.column` -> what its map does about a reference that is not there."""
    import_role_trouble: Literal["forbidden", "empty_201"] = "forbidden"
    insert_multiple_keys: Literal["label", "column_name"] = "label"
    insert_multiple_delay_s: float = 1.0
    """Simulated seconds until rows of insertMultiple and of the AP Invoice API are transformed."""
    ap_invoice_calls_per_hour: int = 500
    job_interval_s: int = 1800
    """How often the scheduled jobs run that advance invoices and take up failed order lines."""

    # Cost and limits (section 4)
    read_cost_ms: float = 2.0
    write_cost_ms: float = 4.0
    table_cost_ms: dict[str, float] = msgspec.field(default_factory=dict)
    """Per table, what a write costs, where its business rules are slow."""
    batch_limit_ms: float = 30_000.0
    sleep_for_cost: bool = False
    """Whether a call really takes as long as it says."""
    requests_per_hour: int | None = None
    """A rate rule for the integration user; None means no rule and no rate headers."""

    # Misbehaviour that no status code shows
    traps: list[Trap] = msgspec.field(default_factory=list)
