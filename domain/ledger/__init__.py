"""Wallets, lots, budgets and the entries that explain every one of their balances.

Pure: wallets, lots, transfers, reversals. Touching storage: posting (awards, funding), maturing (bring up to date),
holding (hold, capture, release), reversing (clawback, debts, settlement), statements, auditing, reading.
Laws L1–L8 are enforced here, by named constraints in tables.py and by the audit.
"""
