"""Independent checks of finished plans.

Belongs here: every rule recomputed from the tables with pandas and numpy. Does not belong
here: CVXPY, or any code of the models; sharing it would share its faults.
"""
