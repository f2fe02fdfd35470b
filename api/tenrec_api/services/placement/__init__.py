"""Placement: one module for each noun."""
