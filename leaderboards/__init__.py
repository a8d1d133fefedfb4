"""The game: boards, their seasons, contributions and standings, folded from domain events.

Pure: boards (metric, window), standings (operators, total order). Touching storage: defining, projecting (fold),
rebuilding, reading (index first, SQL as fallback); store is the only place that knows sorted sets.
"""
