"""Operations against a real PostgreSQL: what is stored, refused and locked."""
