"""Bodies of the volume API."""
