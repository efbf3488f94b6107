select
    position as rule_position,
    lifecycle,
    size_band,
    policy
from {{ source('policy', 'family_rules') }}
