"""What an operator supplies for a connection to SYSPRO; every vendor name that might differ is among it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ml_connector.systems.syspro.tables import TABLES

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ENET_PATH = "/SYSPROWCFService/Rest"


class SysproSettings(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Settings of one connection: one company of one SYSPRO installation."""

    company_id: Annotated[
        str,
        Meta(
            min_length=1,
            pattern=r"^[A-Za-z0-9 _.+-]+$",
            description="Company to read, as SYSPRO's company list writes it. It is part of every key.",
            examples=["EDU1"],
        ),
    ]
    enet_url: Annotated[
        str,
        Meta(
            description="Address of the e.net REST service with its port, which differs per site; empty: there is none "
            "(SYSPRO Cloud ERP). Needs the operator's credentials.",
            examples=["https://syspro.example.com:30001"],
        ),
    ] = ""
    read_transport: Annotated[
        Literal["odata", "enet"],
        Meta(description="How tables are read: through OData, or through e.net queries (COMFND).", examples=["odata"]),
    ] = "odata"
    cost_center_source: Annotated[
        Literal["analysis", "gl_segment"],
        Meta(
            description="What a cost center is: a GL analysis code (`analysis`), or a part of the GL code, cut out by "
            "the regular expression in `gl_segment`.",
            examples=["analysis"],
        ),
    ] = "analysis"
    gl_segment: Annotated[
        str,
        Meta(
            description="Regular expression whose first group is the cost center in a GL code.",
            examples=["^[0-9]+-([0-9]+)"],
        ),
    ] = ""
    analysis_category: Annotated[
        str,
        Meta(description="Analysis category that holds the cost centers; empty: every one.", examples=["COSTCTR"]),
    ] = ""
    analysis_type: Annotated[
        int,
        Meta(ge=0, le=5, description="Analysis type 1 to 5 that holds the cost centers; 0: every one.", examples=[1]),
    ] = 1
    reference_writeback: Annotated[
        Literal["off", "validate_only", "apply"],
        Meta(
            description="Whether GL codes and analysis codes may be written to SYSPRO. Nothing is written by this "
            "version; `apply` is refused.",
            examples=["off"],
        ),
    ] = "validate_only"
    odata_path: Annotated[
        str,
        Meta(
            pattern="^/",
            description="Path of the OData service on the server.",
            examples=["/SYSPRO8Odata/SYSPROOData"],
        ),
    ] = "/SYSPRO8Odata/SYSPROOData"
    odata_company_in_path: Annotated[
        bool,
        Meta(
            description="Whether the company follows in the path; off: the service shows the default company of its "
            "operator.",
            examples=[True],
        ),
    ] = True
    gl_company: Annotated[
        str,
        Meta(
            description="What the column Company of the general ledger says for this company; empty: found out.",
            examples=["EDU1"],
        ),
    ] = ""
    local_currency: Annotated[
        str,
        Meta(
            pattern="^([A-Z]{3})?$",
            description="Currency of the company; empty: asked from e.net, else found among the invoices.",
            examples=["USD"],
        ),
    ] = ""
    look_back_days: Annotated[
        int,
        Meta(
            ge=1,
            le=3650,
            description="How many days before the last reading documents are read again, by invoice, journal or order "
            "date; back-dated and edited ones are found thereby.",
            examples=[45],
        ),
    ] = 45
    posting_look_back_days: Annotated[
        int, Meta(ge=1, le=3650, description="The same for journals, by posting date.", examples=[7])
    ] = 7
    open_journal_statuses: Annotated[
        list[str],
        Meta(description="Values of JnlStatus of a journal that is not posted yet.", examples=[["0"]]),
    ] = msgspec.field(default_factory=lambda: ["0"])
    tax_expense_types: Annotated[
        list[str],
        Meta(description="Values of ExpenseType by which a distribution line is tax.", examples=[["T"]]),
    ] = msgspec.field(default_factory=lambda: ["T"])
    page_size: Annotated[
        int, Meta(ge=1, le=5000, description="Rows asked for per answer; 5000 is SYSPRO's ceiling.", examples=[1000])
    ] = 1000
    keys_per_request: Annotated[
        int,
        Meta(ge=1, le=200, description="Comparisons in one filter at most; it limits the address' length.",
             examples=[20])
    ] = 20  # fmt: skip
    max_in_flight: Annotated[int, Meta(ge=1, le=16, description="Requests at a time.", examples=[2])] = 2
    read_timeout_s: Annotated[
        float,
        Meta(gt=0, description="Seconds to wait for an answer; month-end makes SYSPRO slow.", examples=[120]),
    ] = 120
    sets: Annotated[
        dict[str, str],
        Meta(description="Other names of tables in OData.", examples=[{"ApSupplier": "ApSuppliers"}]),
    ] = {}
    fields: Annotated[
        dict[str, str],
        Meta(
            description="Other names of columns, as `Table.Column`.",
            examples=[{"GenMaster.AccOnHoldFlag": "OnHold"}],
        ),
    ] = {}

    def __post_init__(self) -> None:
        if self.reference_writeback == "apply":
            raise ValueError(
                "reference_writeback: `apply` is not possible yet, this version never writes to SYSPRO; "
                "use validate_only or off"
            )
        if self.company_id != self.company_id.strip() or self.company_id in (".", ".."):
            raise ValueError("company_id: write the company without blanks around it")
        if self.read_transport == "enet" and not self.enet_url:
            raise ValueError("read_transport: `enet` needs enet_url")
        self._check_names()
        self._check_segment()

    def _check_names(self) -> None:
        if unknown := sorted(set(self.sets) - set(TABLES)):
            raise ValueError(f"sets: {unknown[0]!r} is not one of {', '.join(TABLES)}")
        for name in self.fields:
            table, _, column = name.partition(".")
            if table not in TABLES or column not in (*TABLES[table].key, *TABLES[table].columns):
                raise ValueError(f"fields: {name!r} is not `Table.Column` of a table and column that is read")
        for name in (*self.sets.values(), *self.fields.values()):
            if not NAME.fullmatch(name):
                raise ValueError(f"sets, fields: {name!r} cannot be the name of a set or property")

    def _check_segment(self) -> None:
        if self.cost_center_source != "gl_segment":
            return
        try:
            groups = re.compile(self.gl_segment).groups
        except re.error as error:
            raise ValueError(f"gl_segment: {self.gl_segment!r} is not a regular expression ({error})") from None
        if not groups:
            raise ValueError("gl_segment: put the cost center's part of the GL code into brackets, as in ^[0-9]+-(.+)$")

    def set_name(self, table: str) -> str:
        """What a table is called on this installation."""
        return self.sets.get(table, table)

    def column_name(self, table: str, column: str) -> str:
        """What a column is called on this installation."""
        return self.fields.get(f"{table}.{column}", column)

    @property
    def enet_root(self) -> str:
        """Address of the e.net operations."""
        root = self.enet_url.rstrip("/")
        return root if root.lower().endswith(ENET_PATH.lower()) else root + ENET_PATH


class Basic(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """An operator enabled for OData and, where e.net is used, an operator of our own for it."""

    username: Annotated[str, Meta(min_length=1, description="Operator enabled for OData.", examples=["MLODATA"])]
    password: Annotated[str, Meta(description="Password of this operator.", examples=["..."])]
    operator: Annotated[
        str,
        Meta(
            description="Operator for e.net that nobody else uses: signing in ends other sessions of the same one.",
            examples=["MLCON"],
        ),
    ] = ""
    operator_password: Annotated[str, Meta(description="Password of the e.net operator.", examples=["..."])] = ""
    company_password: Annotated[
        str, Meta(description="Password of the company, where it has one.", examples=["..."])
    ] = ""
