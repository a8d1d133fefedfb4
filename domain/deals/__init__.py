"""Deal registration (R5): a partner names a customer and products first, and is protected while it works on the deal.

Pure: machine (states, edges, who may do what), conflict (what stands in a submission's way), policy (days and numbers),
registration (what is said). Touching storage: drafting, submitting (one or a hundred, first valid one wins),
deciding (approve, reject, return, with the vendor's turn), disputing (evidence with a due date), extending (needs
progress), closing (won, corrected, lost, cancelled), reassigning, expiring (the step). What is approved or won
`rewarding` reports to earning. Lock order: customer keys → customers → registrations by id → what reports lock.
"""
