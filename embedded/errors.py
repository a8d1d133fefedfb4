"""The one error this package raises; its text says what the reader can do."""


class EmbeddedError(RuntimeError):
    """An embedded server could not be found, started or reached."""
