"""The launcher: makes hosts and environments, then calls Ansible, pytest and the package's own commands.

Everything imported by `./tenrec` itself is standard library only, for it runs before the virtual environment is there.
"""
