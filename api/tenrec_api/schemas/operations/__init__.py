"""Bodies of the operator API."""
