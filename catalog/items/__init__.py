"""What can be redeemed: catalog items with their denominations, prices, routes of fulfilment, and who may redeem what.

Pure: item (the records), pricing, eligibility ("can I redeem this, and why not"). Touching storage: upserting (batches
by supplier and externalId), stocking (take and give back), saving (goals), reading.
"""
