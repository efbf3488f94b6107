"""Definitions only, one module per concept, each with one ``build`` for a company."""
