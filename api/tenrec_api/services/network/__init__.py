"""Network: one module for each noun."""
