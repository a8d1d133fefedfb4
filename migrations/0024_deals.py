"""Customers with their keys and holds, deal registrations, and leads, with their laws: names, edges, indexes."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
