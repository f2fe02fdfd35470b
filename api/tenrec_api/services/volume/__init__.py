"""Volume: one module for each noun."""
