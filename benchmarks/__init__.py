"""What a refresh costs, measured: how much of it is work and how much is machinery.

Belongs here: running the product's commands and timing them. Does not belong here: anything a
refresh needs.
"""
