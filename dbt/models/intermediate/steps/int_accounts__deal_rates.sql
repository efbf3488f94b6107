-- Opportunities a year that an account is expected to have under a rep of whom nothing is known,
-- gamma-Poisson shrunk to accounts of its kind. A year under reps who create more than others, as
-- far as that counts in the plan, is as much longer. mu = sum n / sum T; sigma2 = var(n/T) - mu
-- avg(1/T); beta = mu / sigma2; alpha = mu beta; rate = (n + alpha) / (T + beta). No spread beyond
-- chance: everyone gets mu. Its kind is its segment where that has 30 accounts, else its lifecycle
-- and size band.
{% set window_years = 3.0 %}
{% set fewest_accounts = 30 %}

with

accounts as (select * from {{ ref('int_accounts__segmented') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

deals as (
    select *
    from {{ ref('int_opportunities__profiled') }}
    where is_closed and age_days <= 365.25 * {{ window_years }}
),

observed_span as (
    select greatest(0.25, least({{ window_years }}, coalesce(max(age_days), 0) / 365.25)) as years
    from deals
),

revenue_types as (
    select 'new' as revenue_type
    union all
    select 'existing'
),

sized as (
    select
        accounts.*,
        count(*) over (partition by segment_id) as segment_accounts
    from accounts
),

-- An account is exposed since it was created or since the records begin, at least a quarter.
exposed as (
    select
        sized.account_id,
        case
            when sized.segment_accounts >= {{ fewest_accounts }} then sized.segment_id
            else sized.lifecycle || ' / ' || sized.size_band
        end as kind,
        revenue_types.revenue_type,
        exp(coalesce(effects.effect, 0.0)) * greatest(0.25, least(
            observed_span.years,
            coalesce(
                {{ dbt.datediff('sized.created_on', 'calendar.as_of_on', 'day') }}
                / 365.25,
                observed_span.years
            )
        )) as years
    from sized
    cross join calendar
    cross join observed_span
    cross join revenue_types
    left join {{ ref('stg_strength__effects') }} as effects
        on effects.model = 'creation'
        and effects.term = 'in_charge'
        and sized.account_id = effects.level
),

by_account as (
    select
        account_id,
        revenue_type,
        count(*) as deals,
        sum(case when is_won and age_days <= 365 then amount else 0 end) as won_amount_last_year
    from deals
    group by 1, 2
),

counted as (
    select
        exposed.*,
        coalesce(by_account.deals, 0) as deals,
        coalesce(by_account.won_amount_last_year, 0) as won_amount_last_year
    from exposed
    left join by_account
        on exposed.account_id = by_account.account_id
        and exposed.revenue_type = by_account.revenue_type
),

moments as (
    select
        kind,
        revenue_type,
        sum(deals) as deals,
        sum(deals) / sum(years) as mu,
        coalesce(var_samp(deals / years), 0) - sum(deals) / sum(years) * avg(1 / years) as sigma2
    from counted
    group by 1, 2
)

select
    counted.account_id,
    counted.revenue_type,
    counted.won_amount_last_year,
    case
        when moments.sigma2 > 0 and moments.mu > 0
            then (counted.deals + moments.mu * moments.mu / moments.sigma2)
                / (counted.years + moments.mu / moments.sigma2)
        else moments.mu
    end as deals_per_year,
    -- Squared coefficient of variation of the rate: 1 / (n + alpha), or of the kind's own mean.
    case
        when moments.sigma2 > 0 and moments.mu > 0
            then 1 / (counted.deals + moments.mu * moments.mu / moments.sigma2)
        else 1 / greatest(1.0, moments.deals)
    end as rate_cv2
from counted
inner join moments
    on counted.kind = moments.kind
    and counted.revenue_type = moments.revenue_type
