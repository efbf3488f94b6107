with

deals as (
    select
        *,
        {{ month_start('closed_on') }} as month
    from {{ ref('int_opportunities__credits') }}
    where is_closed
)

select
    rep_id,
    month,
    max(group_id) as group_id,
    cast(count(*) as bigint) as closed_count,
    cast(sum(case when is_won then 1 else 0 end) as bigint) as won_count,
    cast(sum(case when is_won then 0 else 1 end) as bigint) as lost_count,
    cast(sum(case when is_won then 1 else 0 end) as double precision) / count(*) as win_rate,
    sum(case when is_won then amount else 0 end) as won_amount,
    sum(case when is_won and revenue_type = 'new' then amount else 0 end) as new_won_amount,
    sum(case when is_won and revenue_type = 'existing' then amount else 0 end)
        as existing_won_amount,
    avg(case when is_won then cycle_days end) as mean_won_cycle_days
from deals
group by rep_id, month
