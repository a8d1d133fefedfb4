"""Guards: each refuses one family of hostile input in time linear to its size, before anything else reads it."""
