"""How old what was pulled and published may become before the UI says so."""

import datetime as dt

import dagster as dg

# Plans are made every night: one night missed is yellow, and a weekend without one not yet red.
# A run that is blocked publishes nothing, so what is published ages on.
NIGHTLY = dg.FreshnessPolicy.time_window(
    warn_window=dt.timedelta(hours=36), fail_window=dt.timedelta(days=4)
)
