"""Who runs flows: a port, and the engine that runs them in this process."""
