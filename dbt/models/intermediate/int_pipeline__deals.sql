-- Open deals of new business, now and a year ago, with what they are worth and how much likelier
-- than others an industry's are won: won over expected among the deals seen open since, shrunk by
-- 20 wins.
{% set pseudo_wins = 20.0 %}
{% set months = pipeline_months() %}

with

samples as (
    {{ pipeline_samples() }}
),

seen as (
    {{ sampled_observations() }}
),

factors as (
    select
        seen.sample,
        seen.season_key,
        (
            sum(case when seen.is_won and seen.decided_after <= {{ months }} then 1 else 0 end)
            + {{ pseudo_wins }}
        )
        / (sum(chances.chance_so_far) + {{ pseudo_wins }}) as factor
    from seen
    inner join {{ ref('int_pipeline__chances') }} as chances
        on seen.sample = chances.sample
        and seen.stage = chances.stage
        and seen.age_band = chances.age_band
        and chances.month_ahead = least(seen.followed, {{ months }})
    group by 1, 2
),

yearly as (
    select
        sample,
        stage,
        age_band,
        max(chance_so_far) as chance
    from {{ ref('int_pipeline__chances') }}
    group by 1, 2, 3
)

select
    samples.sample,
    observations.opportunity_id,
    observations.account_id,
    observations.season_key,
    observations.basis,
    observations.stage,
    observations.age_band,
    -- A deal without an amount is worth what the account's deals are.
    case when observations.amount > 0 then observations.amount else potential.new_value_per_win end
        as amount,
    least(coalesce(factors.factor, 1.0), 0.95 / greatest(yearly.chance, 1e-9)) as factor,
    case
        when samples.shift > 0 and observations.is_won
            and observations.decided_after <= samples.shift then 1
        else 0
    end as won
from {{ ref('int_pipeline__observations') }} as observations
inner join samples on observations.months_ago = samples.shift
inner join {{ ref('int_accounts__potential') }} as potential
    on observations.account_id = potential.account_id
inner join yearly
    on samples.sample = yearly.sample
    and observations.stage = yearly.stage
    and observations.age_band = yearly.age_band
left join factors
    on samples.sample = factors.sample
    and observations.season_key = factors.season_key
