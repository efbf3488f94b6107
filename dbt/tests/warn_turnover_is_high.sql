-- Groups that lose people at or above people.turnover_trigger_rate, with what that puts at risk.
{{ config(tags=['review'], severity='warn') }}
select
    group_id,
    turnover_rate,
    turnover_loss_amount
from {{ ref('staffing_review') }}
where is_turnover_high
