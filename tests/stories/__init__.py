"""The stories of the program types: each row's edge cases, told through the API, each step under its actor's token."""
