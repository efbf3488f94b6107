"""The demo company: an invented instruments maker, generated from a seed, with planted facts.

Belongs here: everything that invents data. Does not belong here: reading it; its files land
through the same ``files`` source as any company's.
"""
