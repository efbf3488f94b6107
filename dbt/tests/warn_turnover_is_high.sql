select
    group_id,
    group_id || ' loses ' || cast(cast(round(100 * turnover_rate) as bigint) as varchar)
    || ' % of its reps a year, which puts ' || cast(cast(round(turnover_loss_amount) as bigint) as varchar)
    || ' at risk' as sentence
from {{ ref('staffing_review') }}
where is_turnover_high
