"""From a quote to a voucher in the rep's hand: the drawn machine of lines, attempts and delivery.

Pure: machine (states, edges, actions), quote (the offer that stands). Touching storage: quoting, redeeming, ending
(cancel, fail, refund), approving, fulfilling (steps), leasing (the pull queue), delivering, revealing, reading.
Laws C2 (drawn edges only) and C3 (captured ⇔ ever fulfilled) are enforced here.
"""
