"""What partners did: immutable revisions with an identity (source, externalId), and the sources they come from.

Pure: activity (the records), types (what a type declares, what keeps to it), revisions (what is a duplicate, a
conflict, stale), mapping and mapping_document (JSON or a CSV row → activity, by data), documents (reading JSON with
paths).
Touching storage: recording (`record_in`, `reverse_in`) with drafting (checks, whom items name), resolving and storing
(its statements); sources; states (for earning) and reading (for the face).
"""
