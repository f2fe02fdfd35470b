"""From rows that ask for work to playbook runs, and back to rows that say what became of it."""
