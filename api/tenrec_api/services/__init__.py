"""What the cloud does: one module for each noun, given a database session and the caller's context. No HTTP here.

A service that changes something commits before it returns; one that raises has changed nothing.
"""
