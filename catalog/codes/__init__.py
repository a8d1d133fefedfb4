"""Voucher codes as sealed records: pools with exact counters, batches, and the only hands that open a seal.

Pure: records (what a code holds, how it is normalised and masked). Touching storage: importing, taking (reserve,
issue, void), recalling, rewrapping, reading. Law C1 is enforced here: a code is given once and none vanishes.
"""
