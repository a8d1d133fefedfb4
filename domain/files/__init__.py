"""Files that people hand in as proof: their bytes, what they are by their content, and what they are attached to.

Pure: media (what the first bytes say). Touching storage: storing, attaching, removing (what nobody attached in a
day), reading.
"""
