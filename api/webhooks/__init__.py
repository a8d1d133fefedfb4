"""Webhooks out: endpoints of the vendor and of reward platforms, and one delivery for every event that is for them.

schedule, signing      pure: when to try again, what proves that it was us
registering            endpoints are made, changed, rotated, deleted; the address proves that it wants to hear us
fanning                stamped events become deliveries, each endpoint behind its own cursor
claiming, recording    a delivery is leased, then what became of it is written; sending is the network between the two
replaying, pruning     again by hand; old logs go
"""
