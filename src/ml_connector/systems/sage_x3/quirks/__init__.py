"""What could not be declared: which array element counts, what a sign means, which line table is filled."""

VERSION = 1
"""Raised when a function in here gives other values for the same rows."""
