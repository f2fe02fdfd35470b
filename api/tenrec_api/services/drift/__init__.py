"""Drift: where the hosts are not as the database wants them, and how that is set right."""
