"""What partners did: immutable revisions with an identity (source, externalId), and the sources they come from.

Pure: revisions (what is a duplicate, a conflict, stale), mapping (JSON or a CSV row → activity, by data).
Touching storage: recording (`record_in`), sources, reading.
"""
