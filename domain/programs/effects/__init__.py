"""Effects: what a rule that matched is worth; one pure file a kind, and the registry that knows them all."""
