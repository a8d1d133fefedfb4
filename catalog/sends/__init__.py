"""Rewards that somebody gives: bundles granted beside awards, rewards sent to people, benefits with their quota.

Pure: bundling (what a bundle amounts to), sent (what a reward sent is and may become), entitlement. Touching storage:
defining (bundles, benefits), granting (grants and claimed sends become zero-price redemptions), settling (substitutes,
compensation), composing, delivering and claiming (sends), entitling and using (benefits), reading.
Laws C4 (what a send sets aside is given or returned, once) and C5 (a benefit is used within its quota).
"""
