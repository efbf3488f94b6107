with

periods as (select * from {{ ref('quota_periods') }}),

sums as (
    select
        case when period_type = 'year' then 'year ' else 'finest ' end || level as what,
        revenue_type as part,
        sum(quota_amount) as quota_amount,
        sum(case when level = 'rep' then null else target_amount end) as target_amount
    from periods
    where period_type = 'year' or is_finest
    group by 1, 2
),

whole as (
    select part, quota_amount, target_amount from sums where what = 'year company'
),

-- Every level and period holds the same money.
unequal as (
    select sums.what, sums.part
    from sums
    inner join whole on sums.part = whole.part
    where sums.quota_amount <> whole.quota_amount or sums.target_amount <> whole.target_amount
),

typed as (
    select
        level || ' ' || entity_id || ' ' || period_type || ' ' || cast(period_on as varchar) as what,
        'both types' as part
    from periods
    group by level, entity_id, period_type, period_on
    having count(*) = 3 and sum(case when revenue_type = 'all' then quota_amount else -quota_amount end) <> 0
),

quarters as (
    select
        level || ' ' || entity_id || ' ' || revenue_type as what,
        'quarters of the year' as part
    from periods
    group by level, entity_id, revenue_type
    having
        sum(case when period_type = 'quarter' then quota_amount when period_type = 'year' then -quota_amount else 0 end) <> 0
        or sum(case when is_finest then quota_amount else 0 end)
        <> sum(case when period_type = 'year' then quota_amount else 0 end)
)

select * from unequal
union all
select * from typed
union all
select * from quarters
