"""The GraphQL face, one file per noun: types, queries and mutations; thin, over the rooms' readings and gerunds.

context, batching   what an operation carries, and how its fields share statements
ids, paging, scalars, texts, mutating   opaque ids, keyset connections, Points and DateTime, reasons, result unions
live                subscriptions
"""
