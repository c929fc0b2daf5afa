"""Kills the product at every moment worth dying at, runs it again, and counts what went wrong: nothing may."""
