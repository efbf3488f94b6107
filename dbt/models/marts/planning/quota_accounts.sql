-- What quotas follow from on an account's side; who covers it comes from the plan.
with

accounts as (select * from {{ ref('coverage_accounts') }}),

customers as (select * from {{ ref('stg_crm__accounts') }}),

potential as (select * from {{ ref('int_accounts__potential') }}),

won as (
    select
        account_id,
        sum(amount) as won_amount
    from {{ ref('int_opportunities__profiled') }}
    where is_won and age_days < 365
    group by account_id
)

select
    accounts.account_id,
    accounts.owner_group_id,
    accounts.industry as season_key,
    customers.fiscal_year_start_month as year_starts_in,
    accounts.hours_per_year,
    accounts.margin_rate,
    accounts.new_amount,
    accounts.existing_amount,
    cast(potential.new_value_per_win as double precision) as new_deal_amount,
    cast(potential.existing_value_per_win as double precision) as existing_deal_amount,
    cast(coalesce(won.won_amount, 0) as double precision) as won_amount
from accounts
inner join customers on accounts.account_id = customers.account_id
inner join potential on accounts.account_id = potential.account_id
left join won on accounts.account_id = won.account_id
order by accounts.account_id
