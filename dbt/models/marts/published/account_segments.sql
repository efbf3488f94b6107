with

accounts as (select * from {{ ref('int_accounts__segmented') }}),

values_ as (select * from {{ ref('coverage_accounts') }}),

potential as (select * from {{ ref('int_accounts__potential') }}),

settings as (select * from {{ ref('stg_policy__company_settings') }})

select
    accounts.account_id,
    accounts.segment_id,
    accounts.lifecycle,
    accounts.size_band,
    accounts.industry,
    accounts.region,
    cast(accounts.hours_per_year as double precision) as hours_per_year,
    cast(potential.won_amount_last_year as double precision) as won_amount_last_year,
    values_.new_amount + values_.existing_amount as expected_amount,
    values_.segment_win_rate,
    values_.margin_rate,
    potential.is_margin_known,
    (values_.new_amount + values_.existing_amount) * values_.margin_rate as contribution_amount,
    cast(accounts.hours_per_year * settings.cost_per_hour as double precision)
        as cost_to_serve_amount,
    (values_.new_amount + values_.existing_amount) * values_.margin_rate
    >= accounts.hours_per_year * settings.cost_per_hour as is_profitable
from accounts
inner join values_ on accounts.account_id = values_.account_id
inner join potential on accounts.account_id = potential.account_id
cross join settings
