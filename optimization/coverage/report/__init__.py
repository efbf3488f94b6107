"""What is published of a plan: certificate, explanations, loads, locks, advice, contradictions.

Belongs here: frames and sentences from a finished choice. Does not belong here: choosing.
"""
