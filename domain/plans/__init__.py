"""Joint plans: what vendor and partner want to reach together, what each does for it, and how it went.

Pure: plan (states, sides, actions), objective (the line, the state, checkpoints backwards from the due date, shares).
Touching storage: drafting and planning (plans, objectives, commitments), revising (with both sides' consent),
checking (checkpoints), tracking (the step: states, closings), reviewing (frozen documents), reading.
The database keeps what was: an objective is revised by another one and closed once, a review is never edited.
"""
