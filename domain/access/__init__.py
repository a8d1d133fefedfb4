"""Who may do what: principals, roles, keys, the matrix, the audit log and the two narrow tables of ownership.

Touching storage: admitting (accounts), granting (keys), assigning (account managers, for a time), reading, listing,
portfolios.

`belonging` says which partner a subject stands under, `reach` which partners a principal may act for; both are written
downhill by `partners`, so that every reading can decide ownership in its WHERE clause.
"""
