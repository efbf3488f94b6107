-- depends_on: {{ ref('staffing_review') }}
select
    group_id,
    sentence
from {{ ref('stg_plan__budget_check') }}
where verdict = 'over budget'
