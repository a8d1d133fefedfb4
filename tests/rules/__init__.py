"""Pure rules, as tables."""
