-- Deals fit for use. Credits are no deals: they are taken off the account's wins of their type, the
-- latest before them first, so that sums stay true and no win rate counts a credit.
with

deals as (
    select
        *,
        coalesce(revenue_type, '') as credit_type,
        cast(created_at as date) as opened_on,
        cast(closed_at as date) as dated_on
    from {{ ref('base_crm__opportunities') }}
),

credits as (
    select
        account_id,
        credit_type,
        sum(-amount) as credit_amount,
        max(dated_on) as credited_on
    from deals
    where quarantine_reason = 'credit_taken_off_wins'
    group by 1, 2
),

credited as (
    select
        wins.opportunity_id,
        least(
            wins.amount,
            greatest(
                0,
                credits.credit_amount - coalesce(sum(wins.amount) over (
                    partition by wins.account_id, wins.credit_type
                    order by wins.dated_on desc, wins.opportunity_id asc
                    rows between unbounded preceding and 1 preceding
                ), 0)
            )
        ) as credit_amount
    from deals as wins
    inner join credits
        on wins.account_id = credits.account_id
        and wins.credit_type = credits.credit_type
        and wins.dated_on <= credits.credited_on
    where wins.quarantine_reason is null and wins.is_won and wins.amount > 0
)

select
    deals.opportunity_id,
    deals.account_id,
    deals.rep_id,
    deals.product_id,

    case
        when deals.revenue_type = 'new' then 'new' when deals.revenue_type is not null
            then 'existing'
    end as revenue_type,
    coalesce(deals.revenue_type = 'renewal', false) as is_renewal,
    deals.stage,
    deals.is_closed,
    deals.is_won,
    coalesce(deals.amount, 0) - coalesce(credited.credit_amount, 0) as amount,
    deals.currency,

    -- A deal that was entered after it was closed was open by then at the latest.
    case when deals.is_closed then least(deals.opened_on, deals.dated_on) else deals.opened_on end
        as created_on,
    -- An open deal's close date is a forecast, not a fact.
    case when deals.is_closed then deals.dated_on end as closed_on,
    case when not deals.is_closed then deals.dated_on end as expected_close_on,
    coalesce(deals.is_closed and deals.dated_on < deals.opened_on, false) as is_back_dated
from deals
left join credited on deals.opportunity_id = credited.opportunity_id
where deals.quarantine_reason is null
