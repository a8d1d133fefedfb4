"""What can be redeemed: catalog items with their denominations, prices, routes of fulfilment, and who may redeem what.

Pure: item (the records), pricing, eligibility ("can I redeem this, and why not"), sight (who sees what); of feeds: said
(what a feed says), plain_text, content, merge, bounds. Touching storage: upserting (batches by supplier and external
id) with storing, importing (CSV), offering (prices and obstacles of a member), stocking (take and give back), saving
(goals), loading, browsing (the catalog in pages), reading.
"""
