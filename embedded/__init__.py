"""Supervisor for the PostgreSQL and Valkey that come as wheels; knows nothing of the rest of the project.

supervisor  EmbeddedServers (both) and Supervisor (any): start, keep alive, stop in reverse
postgres    EmbeddedPostgres: start, stop, url(database), pid
valkey      EmbeddedValkey: start, stop, url(database), pid
server      what both share: ownership, orphans, launch, attach, stop
child       one child process that dies with its parent
account     as whom a server runs when we are root
places      binaries, sockets, locks and log files
errors      EmbeddedError
"""
