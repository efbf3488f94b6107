-- Groups in which the company's buffer and the group's own together exceed quotas.stacked_warning_rate.
{{ config(tags=['review'], severity='warn') }}
select
    entity_id as group_id,
    stacked_rate
from {{ ref('stg_plan__buffer_advice') }}
where is_stacked_too_high
