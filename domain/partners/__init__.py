"""Partners, their members and the dated facts that rules may know about them.

Touching storage: registering (partners and members by set), facts (as-of look-ups and appends), naming (who is
meant by an id or external id), reading,
showing (who stays off rankings, and how subjects are shown on them), inviting and accepting (people are let in),
participation (the terms they agree to), verifying (types with proof and expiry), parting (relations that end, consent).
Pure: registration, invitation, standing.
"""
