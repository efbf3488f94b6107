select
    level,
    entity_id,
    stacked_rate,
    is_stacked_too_high,
    sentence
from {{ source('plan', 'buffer_advice') }}
