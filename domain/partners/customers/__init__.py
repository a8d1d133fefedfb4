"""Customers as the vendor knows them, shared by the rooms that register deals and hand out leads.

Pure: customer (match keys, and which known customer is meant). Touching storage: matching (who is meant, found or made,
and locked), holding (who has a customer for a product scope, one at a time), reading. A partner is never shown a
customer's row: its age and its name tell of others.
"""
