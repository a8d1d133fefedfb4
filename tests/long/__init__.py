"""Faults and random schedules for as long as one likes: `python -m tests.long SUITE --seed N --minutes M`."""
