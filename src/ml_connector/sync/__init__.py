"""What one run does, step by step; `runner` alone knows the order."""
