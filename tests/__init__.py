"""Tests by the question they answer: rules, storage, graph, live, laws, stories, house, faults."""
