"""The demo story: a small vendor with partners, programs and boards, told through the same doors as real data.

people and story are data; telling records them.
"""
