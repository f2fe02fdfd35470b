"""Bodies of the network API."""
