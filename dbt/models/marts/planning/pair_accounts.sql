-- What the worth of a pair needs to know of the account, beyond what the coverage plan does.
with

accounts as (select account_id, profile_id, size_band from {{ ref('int_accounts__segmented') }}),

customers as (select account_id, fiscal_year_start_month from {{ ref('stg_crm__accounts') }}),

potential as (select * from {{ ref('int_accounts__potential') }}),

amounts as (select account_id, new_amount, existing_amount from {{ ref('coverage_accounts') }}),

direct_deals as (select account_id from {{ ref('int_accounts__direct_deals') }})

select
    accounts.account_id,
    accounts.profile_id,
    customers.fiscal_year_start_month as year_starts_in,
    direct_deals.account_id is not null as has_direct_deal,
    cast(potential.win_effect as double precision) as win_effect,
    cast(potential.margin_difference as double precision) as margin_difference,
    cast(coalesce(
        potential.value_cv2 + (
            amounts.new_amount * amounts.new_amount * potential.new_rate_cv2
            + amounts.existing_amount * amounts.existing_amount * potential.existing_rate_cv2
        ) / nullif(
            (amounts.new_amount + amounts.existing_amount)
            * (amounts.new_amount + amounts.existing_amount),
            0
        ),
        0.0
    ) as double precision) as account_cv2
from accounts
inner join customers on accounts.account_id = customers.account_id
inner join potential on accounts.account_id = potential.account_id
inner join amounts on accounts.account_id = amounts.account_id
left join direct_deals on accounts.account_id = direct_deals.account_id
