"""The OpenStack-compatible API and the worker of Tenrec."""
