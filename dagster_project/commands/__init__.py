"""The command line: one small module per subcommand of ``sales-coverage``.

Belongs here: arguments, and what is printed. Does not belong here: work that definitions share.
"""
