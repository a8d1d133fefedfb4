"""Measurements and checks that are commands: each writes down what it did and on what."""
