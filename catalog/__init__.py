"""THE SHOP: what points are redeemed for, who delivers it, and what became of every order.

From the ground up: suppliers (registry and one adapter a file), codes (sealed records in pools), items (denominations,
prices, who may redeem what), redemptions (quotes, the drawn machine, fulfilling, revealing), sends (grants beside
awards, bundles, rewards sent, entitlements). Each may import those before it, never those after it.
"""
