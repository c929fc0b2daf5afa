"""What an operator supplies to connect ServiceNow: help texts, forms and docs are made from here."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ml_connector.errors import ConfigurationError

Names = dict[str, str]

CODING_COLUMNS = {"gl_account": "u_gl_account", "cost_center": "u_cost_center"}
"""No standard column of an order line holds them (FACTS 22)."""
EXTRA_COLUMNS = {"proc_po_item": CODING_COLUMNS}
"""The default: used where the table has them. What an operator names has to be there."""

LATE_WRITE_WINDOW_S = 75.0
"""A timed-out request may commit up to 60 s later (FACTS 14)."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this instance is set up, wherever it differs from the fact sheet's default."""

    profile: Annotated[
        Literal["auto", "pages", "s2p_staging"],
        Meta(
            description="Which tables are written: `pages` (proc_po, sn_apo_invoice ... by the Table API), "
            "`s2p_staging` (the vendor's Source-to-Pay staging tables by import sets), or `auto`: `pages` where its "
            "tables answer.",
            examples=["auto"],
        ),
    ] = "auto"
    erp_key_columns: Annotated[
        Names,
        Meta(
            description="Per table, the column that takes the ERP's own key; `correlation_id` where not given. A "
            "column that does not exist is left out: then only the sys_id made by us finds the row.",
            examples=[{"proc_po": "u_erp_key"}],
        ),
    ] = {}
    extra_columns: Annotated[
        dict[str, Names],
        Meta(
            description="Per table, further values of a record and the columns they go to; such a column has to be "
            "there. The default gives purchase order lines their GL account and cost center, where the table has these "
            "columns.",
            examples=[{"proc_po_item": {"gl_account": "u_gl_account", "cost_center": "u_cost_center"}}],
        ),
    ] = msgspec.field(default_factory=lambda: {table: dict(names) for table, names in EXTRA_COLUMNS.items()})
    ship_to_stockroom: Annotated[
        str,
        Meta(
            description="Name or sys_id of the stockroom that purchase orders are shipped to (proc_po.ship_to is "
            "mandatory). Not needed where there is exactly one stockroom.",
            examples=["Main Warehouse"],
        ),
    ] = ""
    erp_source: Annotated[
        str,
        Meta(
            description="What the ERP is called on the instance. Profile `s2p_staging`: the name of a row of "
            "sn_fin_erp_source; not needed where there is exactly one.",
            examples=["IFS-PROD"],
        ),
    ] = ""
    erp_sources: Annotated[
        Names,
        Meta(description="Per company or other scope of the ERP, a different ERP source.", examples=[{"20": "IFS-20"}]),
    ] = {}
    external_invoice_source: Annotated[
        str,
        Meta(
            description="Profile `s2p_staging`: value of u_external_invoice_source; the ERP source where not given.",
            examples=["IFS"],
        ),
    ] = ""
    order_supplier: Annotated[
        Literal["code", "name"],
        Meta(
            description="Profile `s2p_staging`: whether an order's `Supplier company name` is filled with the "
            "supplier's ERP code or its name; names may not be unique.",
            examples=["code"],
        ),
    ] = "code"
    import_coalesce: Annotated[
        dict[str, bool],
        Meta(
            description="Profile `s2p_staging`: per staging table, whether its transform map has an upsert key. "
            "Assumed for all but sn_spend_intg_imp_invoice_line. Without one, a change is written to the target table "
            "itself.",
            examples=[{"sn_spend_intg_imp_invoice_line": False}],
        ),
    ] = {}
    processing_states: Annotated[
        tuple[str, ...],
        Meta(
            description="Profile `s2p_staging`: states of a target row that the instance still works on; a row in "
            "one of them counts as delivered, not yet as landed.",
            examples=[["processing"]],
        ),
    ] = ()
    tables: Annotated[
        Names,
        Meta(
            description="Tables that are called differently on this instance.",
            examples=[{"sn_apo_invoice": "x_acme_invoice"}],
        ),
    ] = {}
    columns: Annotated[
        dict[str, Names],
        Meta(
            description="Columns that are called differently, by table (names of the fact sheet). An empty name leaves "
            "the column out.",
            examples=[{"sn_apo_invoice": {"tax_amount": "u_tax"}}],
        ),
    ] = {}
    column_types: Annotated[
        dict[str, Names],
        Meta(
            description="Types of columns, by table, where the dictionary is hidden from our user: string, integer, "
            "decimal, currency, glide_date, glide_date_time, boolean, reference.",
            examples=[{"proc_po_item": {"ordered_quantity": "decimal"}}],
        ),
    ] = {}
    roles: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="Roles of which one is enough to write a table, where yours differ.",
            examples=[{"sn_apo_invoice": ["x_acme.ap_writer"]}],
        ),
    ] = {}
    unproved_amounts: Annotated[
        Literal["with_currency", "plain"],
        Meta(
            description="How amounts are sent to columns whose type could not be learnt: `EUR;12.35`, corrected to "
            "`12.35` when the answer shows that it was not stored, or plain from the start.",
            examples=["with_currency"],
        ),
    ] = "with_currency"
    draft_status: Annotated[
        Names,
        Meta(
            description="Per table, the status of a document whose lines are not all there yet. An empty one: the "
            "status is not written at all.",
            examples=[{"proc_po": "requested", "sn_apo_invoice": "draft"}],
        ),
    ] = {}
    order_status: Annotated[
        Names,
        Meta(
            description="Status of a purchase order on the instance by its status in the ERP, where it differs from "
            "the default (proc_po only).",
            examples=[{"received": "ordered"}],
        ),
    ] = {}
    invoice_status: Annotated[
        Names,
        Meta(
            description="Status of an invoice on the instance by its status in the ERP, where it differs from the "
            "default (sn_apo_invoice only).",
            examples=[{"posted": "submitted"}],
        ),
    ] = {}
    service_user: Annotated[
        str,
        Meta(
            description="User name of the OAuth Application User, so that `check` can look up its roles.",
            examples=["ml.connector"],
        ),
    ] = ""
    token_url: Annotated[
        str,
        Meta(
            description="Overrides the address of the token endpoint.",
            examples=["https://acme.service-now.com/oauth_token.do"],
        ),
    ] = ""
    late_write_window_s: Annotated[
        float,
        Meta(ge=0, description="How long after sending a write may still take effect, seconds.", examples=[75]),
    ] = LATE_WRITE_WINDOW_S
    batch_size: Annotated[
        int, Meta(ge=0, le=1000, description="Most writes in one Batch call; 0: no Batch calls.", examples=[200])
    ] = 200
    batch_target_s: Annotated[
        float,
        Meta(gt=0, le=25, description="How long a Batch call may take; the instance cuts it at 30 s.", examples=[10]),
    ] = 10.0
    max_in_flight: Annotated[
        int, Meta(ge=1, le=32, description="Requests at a time; more fill the instance's API semaphores.", examples=[2])
    ] = 2
    page_size: Annotated[int, Meta(ge=1, le=10_000, description="Rows of one read.", examples=[1000])] = 1000
    read_timeout_s: Annotated[
        float, Meta(gt=0, description="How long an answer may take; the instance's quota is 60 s.", examples=[75])
    ] = 75.0
    requests_per_hour: Annotated[
        Annotated[int, Meta(ge=60)] | None,
        Meta(
            description="Stay below this many requests an hour; without it only the instance's rules count.",
            examples=[5000],
        ),
    ] = None

    def table(self, name: str) -> str:
        """What a table of the fact sheet is called here."""
        return self.tables.get(name, name)

    def column(self, table: str, name: str) -> str:
        """What a column of the fact sheet is called here; empty where it is left out."""
        return self.columns.get(table, {}).get(name, name)

    def key_column(self, table: str) -> str:
        """The column of a table that takes the ERP's key."""
        return self.erp_key_columns.get(table, "correlation_id")


class ClientCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """OAuth 2.0 client credentials: an OAuth application with an application user."""

    client_id: Annotated[str, Meta(min_length=1, description="Client ID of the OAuth application.")]
    client_secret: Annotated[str, Meta(min_length=1, description="Its client secret.")]


class RefreshToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """OAuth 2.0 with the refresh token of a user who signed in once."""

    client_id: Annotated[str, Meta(min_length=1, description="Client ID of the OAuth application.")]
    client_secret: Annotated[str, Meta(min_length=1, description="Its client secret.")]
    refresh_token: Annotated[str, Meta(min_length=1, description="The refresh token; it may change with every use.")]


class Basic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """User name and password."""

    username: Annotated[str, Meta(min_length=1, description="User ID of the service account.")]
    password: Annotated[str, Meta(min_length=1, description="Its password.")]


CREDENTIALS: dict[str, type[ClientCredentials] | type[RefreshToken] | type[Basic]] = {
    "oauth2_client_credentials": ClientCredentials,
    "oauth2_refresh_token": RefreshToken,
    "basic": Basic,
}


def credentials_of(auth_mode: str, values: dict[str, str]) -> ClientCredentials | RefreshToken | Basic:
    """The credentials as their type; ConfigurationError names what is missing, never a value."""
    kind = CREDENTIALS.get(auth_mode)
    if kind is None:
        raise ConfigurationError(
            f"ServiceNow has no auth_mode {auth_mode!r}.", fix=f"Use one of: {', '.join(CREDENTIALS)}."
        )
    missing = [field.name for field in msgspec.structs.fields(kind) if not values.get(field.name)]
    unknown = sorted(values.keys() - {field.name for field in msgspec.structs.fields(kind)})
    if missing or unknown:
        faults = [f"{', '.join(missing)} missing"] * bool(missing) + [f"{', '.join(unknown)} unknown"] * bool(unknown)
        raise ConfigurationError(f"Credentials of auth_mode {auth_mode}: {'; '.join(faults)}.")
    made: ClientCredentials | RefreshToken | Basic = msgspec.convert(values, kind)
    return made
