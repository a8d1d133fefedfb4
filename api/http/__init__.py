"""The HTTP room: one Starlette application around any Strawberry schema.

server      builds the application and uvicorn's configuration
graphql     GraphQL over HTTP (POST, GET, server-sent events)
sockets     graphql-transport-ws
preparing   text → parsed, guarded, validated, costed operation, once
executing   runs a prepared operation on the schema
errors      the one table of statuses, close codes and extension codes
presenting  what a client may see of an error
guards/     strict JSON, linear document limits, cost, socket messages
deadlines   slow senders and large bodies are cut off
health, metrics, graphiql (vendored assets)
"""
