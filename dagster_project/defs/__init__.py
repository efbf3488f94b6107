"""Definitions only, one module per concept; loaded by folder."""
