-- What an account is expected to ask for in the next twelve months, whoever covers it.
--   rate    opportunities a year, gamma-Poisson shrunk to accounts of its kind: mu = sum n / sum T;
--           sigma2 = var(n/T) - mu avg(1/T); beta = mu / sigma2; alpha = mu beta;
--           rate = (n + alpha) / (T + beta). No spread beyond chance: everyone gets mu. Its kind is
--           its segment where that has 30 accounts, else its lifecycle and size band.
--   value   of a won deal, log-normal: exp of the value model's own part (revenue type, industry,
--           geography, size band, account) times the products its industry asks for; its intercept is
--           set so that predicted and actual value of all won deals are equal.
--   margin  how far the account's own purchases differ from what its industry buys, shrunk by the
--           company's mean purchases per account.
{% set window_years = 3.0 %}
{% set fewest_accounts = 30 %}
{# The value model's terms that are the account's own, and the account's column of each. #}
{% set value_terms = {
    'revenue_type': 'revenue_type',
    'industry': 'industry',
    'geography': 'region',
    'size_band': 'size_band',
    'account': 'account_id',
} %}

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
        sized.industry,
        sized.region,
        sized.size_band,
        revenue_types.revenue_type,
        greatest(0.25, least(
            observed_span.years,
            coalesce({{ dbt.datediff('sized.created_on', 'calendar.as_of_on', 'day') }} / 365.25, observed_span.years)
        )) as years
    from sized
    cross join calendar
    cross join observed_span
    cross join revenue_types
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
),

-- What an industry asks for: mean value factor and margin of its products.
baskets as (
    select
        mix.industry,
        sum(mix.share * exp(coalesce(value_effects.effect, 0.0))) as value_factor,
        sum(mix.share * exp(coalesce(value_effects.effect, 0.0)) * margins.margin_rate)
        / sum(mix.share * exp(coalesce(value_effects.effect, 0.0))) as margin_rate,
        min(case when margins.is_margin_known then 1 else 0 end) = 1 as is_margin_known
    from {{ ref('int_industries__product_mix') }} as mix
    inner join {{ ref('int_products__margins') }} as margins on mix.product = margins.product
    left join {{ ref('stg_strength__effects') }} as value_effects
        on value_effects.model = 'value'
        and value_effects.term = 'product'
        and value_effects.level = mix.product
    group by mix.industry
),

value_spread as (
    select coalesce(max(tau2), 0.0) as tau2
    from {{ ref('stg_strength__effects') }}
    where model = 'value' and term = 'account'
),

bought as (
    select
        deals.account_id,
        sum(deals.amount * margins.margin_rate) as margin_amount,
        sum(deals.amount) as amount
    from deals
    inner join {{ ref('int_products__margins') }} as margins on deals.product = margins.product
    where deals.is_won
    group by deals.account_id
),

mean_bought as (
    select coalesce(avg(amount), 0) as amount
    from bought
),

estimated as (
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
        end as rate_cv2,
        coalesce(
            baskets.value_factor * exp(
                base.effect
                {% for term in value_terms -%}
                + coalesce(term_{{ term }}.effect, 0.0)
                {% endfor %}
            ),
            0.0
        ) as value_per_win,
        coalesce(term_account.variance, value_spread.tau2) as value_cv2
    from counted
    inner join moments
        on counted.kind = moments.kind
        and counted.revenue_type = moments.revenue_type
    cross join value_spread
    left join baskets on counted.industry = baskets.industry
    left join {{ ref('stg_strength__effects') }} as base on base.model = 'value' and base.term = 'base'
    {% for term, column in value_terms.items() %}
    left join {{ ref('stg_strength__effects') }} as term_{{ term }}
        on term_{{ term }}.model = 'value'
        and term_{{ term }}.term = '{{ term }}'
        and term_{{ term }}.level = counted.{{ column }}
    {% endfor %}
),

by_type as (
    select
        account_id,
        max(case when revenue_type = 'new' then deals_per_year end) as new_deals_per_year,
        max(case when revenue_type = 'existing' then deals_per_year end) as existing_deals_per_year,
        max(case when revenue_type = 'new' then value_per_win end) as new_value_per_win,
        max(case when revenue_type = 'existing' then value_per_win end) as existing_value_per_win,
        max(case when revenue_type = 'new' then rate_cv2 end) as new_rate_cv2,
        max(case when revenue_type = 'existing' then rate_cv2 end) as existing_rate_cv2,
        max(value_cv2) as value_cv2,
        sum(won_amount_last_year) as won_amount_last_year
    from estimated
    group by account_id
)

select
    by_type.*,
    coalesce(win_account.effect, 0.0) as win_effect,
    coalesce(
        (coalesce(bought.amount, 0) * (coalesce(bought.margin_amount / nullif(bought.amount, 0), 0) - baskets.margin_rate))
        / nullif(coalesce(bought.amount, 0) + mean_bought.amount, 0),
        0.0
    ) as margin_difference,
    coalesce(baskets.is_margin_known, false) as is_margin_known
from by_type
inner join accounts on by_type.account_id = accounts.account_id
cross join mean_bought
left join bought on by_type.account_id = bought.account_id
left join baskets on accounts.industry = baskets.industry
left join {{ ref('stg_strength__effects') }} as win_account
    on win_account.model = 'win'
    and win_account.term = 'account'
    and win_account.level = by_type.account_id
