"""The ground every room stands on.

Pure: points, money, rates, periods, ids, refusals, events, expressions (the only CEL).
Touching storage: sql (the only asyncpg), operation (the door every write goes through), outbox (append, stamp, read),
clock (the database's), failpoints (inert unless a test enables them).
"""
