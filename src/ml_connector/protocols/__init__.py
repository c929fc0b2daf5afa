"""How requests travel: HTTP, signing in, retries, rate limits, REST and OData. Nothing here knows a vendor."""
