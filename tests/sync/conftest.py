"""Fixtures of the sync tests."""

from tiny.lab import lab, manual_clock, world

__all__ = ["lab", "manual_clock", "world"]
