"""Wall time, processor time and memory of this process."""

from __future__ import annotations

import resource
from time import perf_counter

from benchmarks.task import Measured


class Meter:
    """Starts when it is made."""

    def __init__(self) -> None:
        self._cpu, self._wall = _cpu_s(), perf_counter()

    def read(self, records: int, source_requests: int, target_requests: int, outcome: str = "") -> Measured:
        return Measured(
            wall_s=perf_counter() - self._wall,
            cpu_s=_cpu_s() - self._cpu,
            peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            records=records,
            source_requests=source_requests,
            target_requests=target_requests,
            outcome=outcome,
        )


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
