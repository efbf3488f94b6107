select
    signal,
    is_counted,
    value_multiplier
from {{ source('strength', 'strength_guard') }}
