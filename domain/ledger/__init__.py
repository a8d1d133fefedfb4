"""Wallets, lots, budgets and the entries that explain every one of their balances.

Pure: wallets (and the fold), lots, transfers (signs), reversals (cover, settle), periods, digests, journal (a draft),
laws (questions). Touching storage: opening (locks), loading, writing (a journal), posting (awards, funding), reversing,
holding, maturing and booking (steps), statements, auditing, reading.
Laws L1–L8 are enforced here, by named constraints in tables.py and by the audit.
"""
