"""Orchestration: what runs when, on which tables, and what the UI shows; no business results."""
