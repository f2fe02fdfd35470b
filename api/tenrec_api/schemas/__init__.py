"""Bodies on the way in and out: one package for each API, one module for each noun."""
