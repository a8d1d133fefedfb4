"""Training (R7): courses in versions, what people did with them, certificates with an end, and who needs how many.

Pure: machine (states, edges, who may do what), course (what is said of one), attempt (judging by the pass mark),
statements (what a learning system says). Touching storage: defining,
recording, counting, requiring, learning, revoking, expiring, following, reading.
Lock order: courses by id → trainings → what reports lock. Who writes a training has locked its course before.
"""
