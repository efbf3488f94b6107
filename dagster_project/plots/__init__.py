"""Plots: a frame in, a small PNG out, to be shown beside an asset in the Dagster UI.

Belongs here: drawing, one module a topic. Does not belong here: querying, or deciding what is worth
a picture. Nothing is re-exported.
"""
