"""``python -m dagster_project.commands``: the command line where no script is installed."""

import sys

from dagster_project.commands.main import main

sys.exit(main())
