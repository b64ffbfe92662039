"""The rows that figures are made of, as named pieces of SQL that build on each other.

A piece is written once and used for the figure, its breakdown and its list. `compose` puts a statement together out
of the pieces that it needs and no others. Every table is asked with the tenant named, beside row-level security,
because that keeps plans fast.
"""

from __future__ import annotations

from economics.rowsets import answers, attribution, bookings, clients, leads, spend
from economics.rowsets.people import scope
from economics.rowsets.pieces import Scope, compose, parameters

__all__ = [
    "Scope", "answers", "attribution", "bookings", "clients", "compose", "leads", "parameters", "scope", "spend",
]  # fmt: skip
