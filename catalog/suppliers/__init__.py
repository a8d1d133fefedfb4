"""Who delivers: the registry of suppliers, the one contract of adapters, and one adapter a file.

Pure: outcomes (what a supplier can answer). Touching storage: registering, reading, reconciling.
"""
