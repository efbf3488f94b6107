-- What an account is expected to buy in the next twelve months, whoever covers it.
--   rate   opportunities a year, gamma-Poisson shrunk to accounts of the same lifecycle and size:
--          mu = sum n / sum T; sigma2 = var(n/T) - mu avg(1/T); beta = mu / sigma2; alpha = mu beta;
--          rate = (n + alpha) / (T + beta). No spread beyond chance -> everyone gets mu.
--   value  of a won deal: the account's mean, shrunk to its size band's with 5 pseudo-deals.
--   margin of the account's won deals, shrunk to the company's; 1 where no product cost is known.
{% set window_years = 3.0 %}
{% set pseudo_deals = 5.0 %}

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

-- An account is exposed since it was created or since the records begin, at least a quarter.
exposed as (
    select
        accounts.account_id,
        accounts.lifecycle,
        accounts.size_band,
        revenue_types.revenue_type,
        greatest(0.25, least(
            observed_span.years,
            coalesce({{ dbt.datediff('accounts.created_on', 'calendar.as_of_on', 'day') }} / 365.25, observed_span.years)
        )) as years
    from accounts
    cross join calendar
    cross join observed_span
    cross join revenue_types
),

by_account as (
    select
        account_id,
        revenue_type,
        count(*) as deals,
        sum(case when is_won then 1 else 0 end) as wins,
        sum(case when is_won then amount else 0 end) as won_amount,
        sum(case when is_won and age_days <= 365 then amount else 0 end) as won_amount_last_year
    from deals
    group by 1, 2
),

counted as (
    select
        exposed.*,
        coalesce(by_account.deals, 0) as deals,
        coalesce(by_account.wins, 0) as wins,
        coalesce(by_account.won_amount, 0) as won_amount,
        coalesce(by_account.won_amount_last_year, 0) as won_amount_last_year
    from exposed
    left join by_account
        on exposed.account_id = by_account.account_id
        and exposed.revenue_type = by_account.revenue_type
),

moments as (
    select
        lifecycle,
        size_band,
        revenue_type,
        sum(deals) / sum(years) as mu,
        coalesce(var_samp(deals / years), 0) - sum(deals) / sum(years) * avg(1 / years) as sigma2
    from counted
    group by 1, 2, 3
),

value_by_band as (
    select
        size_band,
        revenue_type,
        sum(wins) as wins,
        sum(won_amount) as won_amount
    from counted
    group by 1, 2
),

value_company as (
    select sum(won_amount) / nullif(sum(wins), 0) as mean_value
    from counted
),

margin_by_account as (
    select
        account_id,
        sum(amount * margin_rate) as margin_amount,
        sum(case when margin_rate is not null then amount else 0 end) as known_amount
    from deals
    where is_won
    group by 1
),

margin_company as (
    select
        sum(margin_amount) / nullif(sum(known_amount), 0) as margin_rate,
        sum(known_amount) / nullif(count(*), 0) as mean_known_amount
    from margin_by_account
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
        (counted.won_amount + {{ pseudo_deals }} * coalesce(
            value_by_band.won_amount / nullif(value_by_band.wins, 0), value_company.mean_value, 0))
        / (counted.wins + {{ pseudo_deals }}) as value_per_win
    from counted
    inner join moments
        on counted.lifecycle = moments.lifecycle
        and counted.size_band = moments.size_band
        and counted.revenue_type = moments.revenue_type
    inner join value_by_band
        on counted.size_band = value_by_band.size_band
        and counted.revenue_type = value_by_band.revenue_type
    cross join value_company
)

select
    accounts.account_id,
    max(case when estimated.revenue_type = 'new' then estimated.deals_per_year end) as new_deals_per_year,
    max(case when estimated.revenue_type = 'existing' then estimated.deals_per_year end) as existing_deals_per_year,
    max(case when estimated.revenue_type = 'new' then estimated.value_per_win end) as new_value_per_win,
    max(case when estimated.revenue_type = 'existing' then estimated.value_per_win end) as existing_value_per_win,
    max(coalesce(
        (coalesce(margin_by_account.margin_amount, 0) + margin_company.margin_rate * margin_company.mean_known_amount)
        / nullif(coalesce(margin_by_account.known_amount, 0) + margin_company.mean_known_amount, 0),
        1.0
    )) as margin_rate,
    max(case when margin_company.margin_rate is null then 0 else 1 end) = 1 as is_margin_known,
    sum(estimated.won_amount_last_year) as won_amount_last_year
from accounts
inner join estimated on accounts.account_id = estimated.account_id
left join margin_by_account on accounts.account_id = margin_by_account.account_id
cross join margin_company
group by accounts.account_id
