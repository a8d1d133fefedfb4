"""Does a subscriber hear in time, and only what is the subscriber's to know?"""
