"""`./tenrec test`: what CI runs, whole or in parts."""
