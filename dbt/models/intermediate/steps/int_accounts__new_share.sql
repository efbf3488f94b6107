-- Share of new business in an account's opportunities, as deals of accounts that had, or had not,
-- won by then had it, and the account's own of that kind, with the weight of so many deals: an
-- account that has bought once begins few new deals, however many it began before.
{% set split_deals = 4.0 %}

with

accounts as (select account_id from {{ ref('int_accounts__segmented') }}),

first_wins as (
    select
        account_id,
        min(closed_on) as won_on
    from {{ ref('int_opportunities__profiled') }}
    where is_won
    group by account_id
),

deals as (
    select
        profiled.account_id,
        profiled.revenue_type,
        coalesce(profiled.created_on > first_wins.won_on, false) as is_of_customer,
        first_wins.won_on is not null as is_customer
    from {{ ref('int_opportunities__profiled') }} as profiled
    left join first_wins on profiled.account_id = first_wins.account_id
    where profiled.is_closed
),

usual as (
    select
        is_of_customer,
        avg(case when revenue_type = 'new' then 1.0 else 0.0 end) as new_share
    from deals
    group by is_of_customer
),

own as (
    select
        account_id,
        count(*) as deals,
        sum(case when revenue_type = 'new' then 1.0 else 0.0 end) as new_deals
    from deals
    where is_of_customer = is_customer
    group by account_id
)

select
    accounts.account_id,
    (
        coalesce(own.new_deals, 0)
        + {{ split_deals }} * coalesce(
            usual.new_share, case when first_wins.won_on is null then 1.0 else 0.0 end
        )
    ) / (coalesce(own.deals, 0) + {{ split_deals }}) as new_share
from accounts
left join first_wins on accounts.account_id = first_wins.account_id
left join own on accounts.account_id = own.account_id
left join usual on (first_wins.won_on is not null) = usual.is_of_customer
