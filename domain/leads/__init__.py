"""Lead sharing (R22): the vendor hands a lead to one partner, fairly, and to the next where nobody answers in time.

Pure: machine (states, edges, who may do what), distribution (why this partner). Touching storage: routing (who takes
which), sharing, handing_on (the step for what was not answered), answering (accepted, worked on, converted,
returned), correcting, reading. Acceptance and conversion are reported to earning by `rewarding`.
Lock order: customer keys → customers → leads by id → routings by partner → what reports lock.
"""
