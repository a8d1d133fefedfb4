"""Programs as data: terms in versions, rules with their effects, enrollments with their own parameters, budgets.

Pure: rules, terms, effects/ (one file a kind), program. Touching storage: defining (programs, terms), enrolling,
budgeting, reaching (whose program it is to change), reading.
"""
