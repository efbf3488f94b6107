"""Goals to group targets to rep quotas by month, and how likely they are to be met.

Belongs here: everything between the company's yearly goal and one rep's month, for a given
coverage plan. Does not belong here: who covers which account (``optimization.coverage``) and
the independent check of a finished plan (``optimization.verify``).
"""
