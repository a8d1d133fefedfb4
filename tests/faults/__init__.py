"""What survives a kill, a cut or a full disk."""
