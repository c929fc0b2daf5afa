"""In which ways one SYSPRO installation differs from another (fact sheet §2, §4 and "Expect either")."""

from __future__ import annotations

from typing import Literal

import msgspec

from ..framework import Switches


class SysproSwitches(Switches):
    """The defaults are the fact sheet's. The last group fills the companies anew: earlier edits are lost."""

    # OData
    company_in_path: bool = True  # false: the operator's default company
    set_names: dict[str, str] = msgspec.field(default_factory=dict)  # table -> another name of its set
    property_names: dict[str, str] = msgspec.field(
        default_factory=dict
    )  # "Table.Column" -> another name of the property
    hidden_sets: tuple[str, ...] = ()
    hidden_properties: tuple[str, ...] = ()  # "Table.Column"
    page_limit: int = 5000
    next_link: Literal["without_top", "always", "never"] = "without_top"
    order_without_orderby: Literal["per_query", "per_page", "key"] = "per_query"
    dates: Literal["stamp", "date"] = "stamp"  # Edm.DateTimeOffset or Edm.Date; literals of both are understood
    date_zone: str = "Z"  # what is written behind a date's midnight, e.g. "+02:00"
    decimals: Literal["number", "string"] = "number"
    trailing_blanks: bool = False  # texts come filled up with blanks
    body_of_401: Literal["html", "empty"] = "html"
    # both surfaces
    url_limit: int = 8000
    url_too_long: Literal[414, 400] = 414
    # e.net
    wrapping: Literal["bare", "json", "string"] = "bare"
    token_blanks: bool = True  # two trailing blanks
    eviction: Literal["same_company", "any_company", "none"] = "same_company"
    session_idle_s: int = 1200
    seats: int = 0  # sessions at a time; 0: unlimited
    lock_after: int = 0  # bad passwords in a row that lock an operator; 0: never
    session_error: str = "ERROR: Invalid or expired UserId"
    lower_case_setup: bool = True  # the tags of a setup answer
    null_date: Literal["0000-00-00", ""] = "0000-00-00"
    # what the companies are filled with
    invoice_value: Literal["local", "invoice"] = "local"  # the currency of OrigInvValue, balances and distribution
    analysis_values: Literal["always", "only_when_split"] = "always"  # GenAnalysisTrn.EntryValue, else 0
    analysis_per: Literal["line", "invoice"] = "line"  # one AnalysisEntry per distribution line, or one for all
    second_analysis: bool = False  # projects as codes of type 2, in AnalysisCode2 of every entry
    posted_status: str = "P"  # JnlStatus of a posted journal
    cost_centers: Literal["analysis", "gl_segment"] = "analysis"  # gl_segment: GL codes are account-cost center
