"""Compute: one module for each noun."""
