"""The face and the switchboard: GraphQL, HTTP, sign-in, the live page, and the processes that run it all.

cli and worker start processes; wiring composes them; http serves; graph says what the schema is; realtime listens.
Nothing imports this room.
"""
