-- depends_on: {{ ref('staffing_review') }}
select
    entity_id as group_id,
    sentence
from {{ ref('stg_plan__buffer_advice') }}
where is_stacked_too_high
