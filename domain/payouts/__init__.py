"""Payouts: money of wallets that leaves for a bank or for payroll, decided by people.

Pure: machine (the drawn edges), sheet (the file of a bank). Touching storage: moving (locks and moves), drafting (one
wallet, or all above a minimum), deciding (approve, cancel), exporting, settling (what the bank says), reading.
Points and entries are the ledger's: a payout has one payment there, and moves it along.
"""
