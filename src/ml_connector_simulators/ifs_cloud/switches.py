"""In which ways one IFS Cloud installation differs from another (fact sheet §1, §6, §9)."""

from __future__ import annotations

from typing import Literal

from ..framework import Switches


class IfsSwitches(Switches):
    """The defaults are those of the fact sheet's product pages."""

    token_life_s: int = 3600  # §1: 3600 s on the pages, 180 s observed
    refresh_token: bool = True  # §2: the answer may hold one; clients ignore it
    page_limit: int = 5000  # §3 paging
    next_link: Literal["absolute", "relative", "none"] = "absolute"
    skiptoken: Literal["offset", "snapshot"] = "offset"  # §9: an offset over live data, or a frozen result
    order_without_orderby: Literal["per_query", "per_page", "key"] = "per_query"  # §9
    count: Literal["always", "first_page_of_heads", "never"] = "first_page_of_heads"  # §9
    requests_per_minute: int = 1000  # §3 rate; 0: unlimited
    retry_after: Literal["seconds", "date", "absent"] = "seconds"
    missing_if_match: Literal["428", "upsert"] = "428"  # §1 writes
    patch_answer: Literal["200", "204"] = "200"  # §3: a 204 carries no ETag
    expand: Literal["to_one", "none", "all"] = "to_one"  # §1
    rowversion: bool = True  # §4: whether sets have the property Rowversion
    state_filter_refused: bool = False  # §3: filtering Objstate gave 400 on one tenant
    select_refused: tuple[str, ...] = ()  # §3: projections on which $select fails with 400
    max_or_terms: int = 40  # §3
    server_time_zone: str = "UTC"  # §5: the zone that the `Z` values really are in
    time_zone_aware: bool = False  # §5: whether X-Ifs-Time-Zone-Aware-Request is understood
    part_lines: Literal["main", "int"] = "main"  # §1: int = part lines only in the entity service
    entity_services: bool = True  # §2: an administrator has activated them; else 404
    po_coding: Literal["lines", "pre_accounting"] = "lines"  # §4: whether order lines have CodeA..CodeJ
    booleans: Literal["boolean", "TRUE", "Yes"] = "boolean"  # §6.7: booleans may be enumerations
    json_batch: bool = False  # §3
    csrf: bool = True  # §6.5
    error_message: Literal["text", "value"] = "text"  # §3: `message` may be {"value": ..}
