"""Claims: a rep states a sale and proves it, the vendor looks at it line by line, and what is approved is an activity.

Pure: machine (states, edges, who may do what), claim (its records and bounds), judging (what keeps it from being
submitted). Touching storage: campaigning (windows and eligible SKUs), drafting, submitting, reviewing, deciding
(approved lines are reported to earning), reversing, holding (an invoice or serial number is claimed once), conflicts
(who claimed it second waits for the vendor), expiring, storing and moving (rows under their claim's lock), reading.
"""
