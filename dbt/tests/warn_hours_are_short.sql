-- Groups whose people cannot carry what the plan gives them, with the hours and the cheapest repair.
{{ config(tags=['review'], severity='warn') }}
select
    group_id,
    missing_hours,
    repair
from {{ ref('staffing_review') }}
where short_months > 0
