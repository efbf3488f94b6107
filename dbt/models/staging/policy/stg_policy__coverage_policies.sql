select
    position as policy_position,
    lifecycle,
    size_band,
    hours_per_year
from {{ source('policy', 'coverage_policies') }}
