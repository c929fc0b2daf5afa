"""Simulated vendor systems: HTTP servers written from the vendors' fact sheets alone, importing nothing of the product."""
