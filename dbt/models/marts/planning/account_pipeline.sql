-- What the open deals of new business are expected to bring, by account and month of the plan:
-- amount x chance of being won in that month. Empty where the pipeline is unknown.
with

-- The company's row of each open month: how far off it is, and whether the pipeline is known.
months as (
    select
        month,
        month_ahead
    from {{ ref('new_business_lags') }}
    where season_key = '(company)' and has_pipeline
)

select
    deals.account_id,
    months.month,
    cast(sum(chances.chance * deals.factor * deals.amount) as double precision) as pipeline_amount,
    cast(sum(chances.chance * deals.factor) as double precision) as win_count,
    cast(sum(chances.chance * deals.factor * deals.amount * deals.amount) as double precision)
        as pipeline_square
from {{ ref('int_pipeline__deals') }} as deals
inner join {{ ref('int_pipeline__chances') }} as chances
    on deals.sample = chances.sample
    and deals.stage = chances.stage
    and deals.age_band = chances.age_band
inner join months on chances.month_ahead = months.month_ahead
where deals.sample = 'all'
group by 1, 2
