"""Bodies of the compute API."""
