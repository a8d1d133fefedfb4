"""Tests of the face over real HTTP and WebSockets."""
