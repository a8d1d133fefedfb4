"""The game: boards, their seasons, contributions and standings, folded from domain events.

Pure: boards and windows (what counts, when), metrics (a definition from data), standings (operators, total order,
shown ranks), deltas (what a live board sends; law S1), views (what the face sees), breaker.
Touching storage: defining, projecting (events → contributions; the one step), restanding (→ standings, changes),
refolding (all of it again from the first event), rebuilding (the index caught up, built anew, healed),
reading (lines and ranks: index first, lines.py says the same in SQL), reasoning (why, and what moved), listing,
auditing (B1, B2). `store` with `scripts` is the only place that knows sorted sets.
"""
