"""The only room that makes an award.

Pure: evaluation (walk a unit), stacking, trimming, differences, explanation.
Touching storage: recording and correcting (the doors), posting of differences, importing (CSV), adjusting, reading.
"""
