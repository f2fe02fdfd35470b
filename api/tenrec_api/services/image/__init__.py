"""Image: one module for each noun."""
