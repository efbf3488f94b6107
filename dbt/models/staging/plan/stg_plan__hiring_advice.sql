select
    group_id,
    sentence
from {{ source('plan', 'hiring_advice') }}
