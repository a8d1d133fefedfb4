"""The face and the switchboard: settings, GraphQL over HTTP and WebSocket, workers; nothing imports it."""
