"""Market development funds: pots with allocations to partners, requests with a plan, claims with proof, payment noted.

Pure: machine (states, edges, who may do what), fund (records, bounds, the stated formulas). Touching storage: journal
(the only place that moves a fund's money), defining (funds, pools, allocations), requesting, deciding, extending,
claiming, settling (claims decided, paid, reversed), accruing and ending (what activities and time bring, as steps),
storing and moving (rows under locks), reporting (a paid claim is an activity), reading.
"""
