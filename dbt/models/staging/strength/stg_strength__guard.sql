select
    signal,
    is_on,
    is_value_on,
    multiplier,
    value_multiplier
from {{ source('strength', 'strength_guard') }}
