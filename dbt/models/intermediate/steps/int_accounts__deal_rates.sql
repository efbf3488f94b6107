-- Opportunities a year that an account is expected to have under a rep of whom nothing is known,
-- gamma-Poisson shrunk to accounts of its size. A year under reps who create more than others, as
-- far as that counts in the plan, is as much longer. mu = mean of n/T; sigma2 = var(n/T) - mu
-- avg(1/T); beta = mu / sigma2; alpha = mu beta; rate = (n + alpha) / (T + beta). No spread beyond
-- chance: everyone gets mu.
-- What an account has bought does not make its kind: those that bought nothing would be shrunk to
-- a mean that their own bad luck has lowered. The busiest tenth counts as its edge: real accounts
-- have a heavier tail than a gamma, which fitted to it would shrink quiet accounts hardly at all.
{% set window_years = 3.0 %}
{% set fewest_accounts = 30 %}
{% set edge = 0.9 %}

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

sized as (
    select
        account_id,
        created_on,
        case
            when count(*) over (partition by size_band) >= {{ fewest_accounts }} then size_band
            else '(any)'
        end as kind
    from accounts
),

by_account as (
    select
        account_id,
        count(*) as deals
    from deals
    group by account_id
),

-- An account is exposed since it was created or since the records begin, at least a quarter.
exposed as (
    select
        sized.account_id,
        sized.kind,
        coalesce(by_account.deals, 0) as deals,
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
    left join by_account on sized.account_id = by_account.account_id
    left join {{ ref('stg_strength__effects') }} as effects
        on effects.model = 'creation'
        and effects.term = 'in_charge'
        and sized.account_id = effects.level
),

edged as (
    select
        *,
        least(deals / years, quantile_cont(deals / years, {{ edge }}) over (partition by kind))
            as rate
    from exposed
),

moments as (
    select
        kind,
        sum(deals) as deals,
        avg(rate) as mu,
        coalesce(var_samp(rate), 0) - avg(rate) * avg(1 / years) as sigma2
    from edged
    group by kind
),

shrunk as (
    select
        exposed.account_id,
        case
            when moments.sigma2 > 0 and moments.mu > 0
                then (exposed.deals + moments.mu * moments.mu / moments.sigma2)
                    / (exposed.years + moments.mu / moments.sigma2)
            else moments.mu
        end as deals_per_year,
        -- Squared coefficient of variation of the rate: 1 / (n + alpha), or of the kind's own mean.
        case
            when moments.sigma2 > 0 and moments.mu > 0
                then 1 / (exposed.deals + moments.mu * moments.mu / moments.sigma2)
            else 1 / greatest(1.0, moments.deals)
        end as rate_cv2
    from exposed
    inner join moments on exposed.kind = moments.kind
)

select
    shrunk.account_id,
    shrunk.deals_per_year * splits.new_share as new_deals_per_year,
    shrunk.deals_per_year * (1 - splits.new_share) as existing_deals_per_year,
    shrunk.rate_cv2
from shrunk
inner join {{ ref('int_accounts__new_share') }} as splits on shrunk.account_id = splits.account_id
