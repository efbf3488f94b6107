-- How much the values of one account's deals differ: log-normal, so exp(variance of logs) - 1 is
-- the squared coefficient of variation. Pooled over accounts with at least two won deals.
with

logs as (
    select
        account_id,
        revenue_type,
        ln(amount) as log_amount
    from {{ ref('int_opportunities__profiled') }}
    where is_won and amount > 0
),

by_account as (
    select
        account_id,
        revenue_type,
        count(*) as deals,
        var_samp(log_amount) as log_variance
    from logs
    group by 1, 2
    having count(*) >= 2
),

pooled as (
    select
        coalesce(sum(deals), 0) as deals,
        sum(log_variance * (deals - 1)) / nullif(sum(deals - 1), 0) as log_variance
    from by_account
)

select
    cast(deals as bigint) as deal_count,
    cast(
        case when deals >= 20 then sqrt(exp(least(log_variance, 3.0)) - 1) else 0.5 end
        as double precision
    )
        as value_cv,
    case when deals >= 20 then 'measured' else 'assumed, for want of deals' end as method
from pooled
