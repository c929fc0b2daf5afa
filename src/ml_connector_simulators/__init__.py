"""Simulated vendor systems: HTTP servers written from the fact sheets alone, importing nothing of the product."""
