"""Assignments (R6): the vendor's own people embedded with partners, and targets on what the partner sells meanwhile.

Pure: machine (states, edges, who may do what), credit (whose sale it is, when a milestone was reached). Touching
storage: planning (with a step), attaining (targets, with a step), reading.
Lock order: partners by id → members by id → assignments and targets → what reports lock.
"""
