"""Reference pages, made of what roles, modules and playbooks say of themselves."""
