"""How much better or worse a rep wins than the deal predicts, and whether that lasts.

Belongs here: fitting, choosing the half-life, the guard, the back-test, and the tables made of
them, as pure functions from frames to frames. Does not belong here: which deals, accounts and
beliefs there are (dbt says so), or what a pair is worth (the candidates).
"""
