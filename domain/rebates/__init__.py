"""Rebates: programs whose brackets are reviewed, disputed, approved and paid by quarter or year, per partner.

Pure: machine (the drawn edges), accrual (the next tier, a target for part of a period). Touching storage: defining
(a program's settings, groups of partners, targets), moving (locks and moves), advancing (the step: periods open, run
out and become final), deciding (dispute, accept, answer, approve, reopen), reading, accruing (what is live).
Awards are earning's and payouts are theirs: this room says when a period is reviewed and what of it is to be paid.
"""
