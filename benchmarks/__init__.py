"""How fast the product is next to a bare loop that sends the same requests: `python -m benchmarks --help`."""
