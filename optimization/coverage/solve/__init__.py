"""Finding a plan and its bound: prices, exact model, search, neighbourhoods.

Belongs here: methods over arrays. Does not belong here: frames, explanations.
"""
