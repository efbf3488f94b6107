"""What an account is worth with a coverer, month by month.

Belongs here: the one value model that coverage, quotas, outlook and their checks share, from months
and abilities to pairs of account and coverer. Does not belong here: how strong a rep is
(``optimization.strength``), which pairs a plan chooses (``optimization.coverage``) or what a quota
makes of the months (``optimization.quotas``).
"""
