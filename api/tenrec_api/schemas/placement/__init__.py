"""Bodies of the placement API."""
