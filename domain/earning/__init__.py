"""The only room that makes an award.

Pure: evaluation (walk a unit), together (units that a shared cap makes one), course (what became of a deal), stacking,
trimming, differences, explanation.
Touching storage: recording and correcting (the doors), posting of differences, importing (CSV, with
csv_files, import_runs, import_report, importing_people), adjusting, rewalking (what was learned late),
allocating (what waited for the close of a period), campaigns, reading.
"""
