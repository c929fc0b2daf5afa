"""What a process is told that measures a whole flow."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from benchmarks.recording import End

Side = Literal["bare", "product"]
Part = Literal["load", "idle", "changes"]


class FlowTask(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One measurement; runs in a process of its own."""

    side: Side
    ends: dict[End, dict[str, Any]]
    """What each simulated system said about itself: system, url, settings, credentials."""
    home: str = ""
    """The product's data folder; what was loaded into it stays for the next run."""
    recording: str = ""
    """A file: the bare loop repeats it; the product, where it is named, writes it."""

    @property
    def urls(self) -> dict[End, str]:
        return {end: str(found["url"]) for end, found in self.ends.items()}
