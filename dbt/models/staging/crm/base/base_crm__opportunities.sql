{{ config(materialized='table') }}

with

opportunities as (select * from {{ source('raw', 'opportunities') }}),

accounts as (select account_id from {{ ref('stg_crm__accounts') }}),

settings as (select currency, latest_on from {{ source('policy', 'company_settings') }}),

fixed as (select currency, rate from {{ source('policy', 'fixed_rates') }}),

-- A rate holds until the next one of its currency; before the first one, that holds. Two of one day
-- are one.
dated as (
    select
        currency,
        rate,
        case when row_number() over (partition by currency order by starts_on) > 1 then starts_on
        end as from_on,
        lead(starts_on) over (partition by currency order by starts_on) as next_on
    from (
        select currency, starts_on, max(rate) as rate
        from {{ ref('stg_crm__exchange_rates') }}
        group by 1, 2
    )
),

-- A won deal with a negative amount is a credit: it is taken off the account's wins of its type up
-- to its day (stg_crm__opportunities).
first_wins as (
    select
        account_id,
        coalesce(revenue_type, '') as revenue_type,
        min(cast(closed_at as date)) as won_on
    from opportunities
    where is_won and is_closed and amount > 0
    group by 1, 2
),

-- What a foreign amount is worth in the company's currency; 1 at home, null where no rate is given.
priced as (
    select
        opportunities.*,
        case
            when opportunities.currency is null or upper(opportunities.currency) = settings.currency
                then 1
            else coalesce(dated.rate, fixed.rate)
        end as to_company_currency,
        settings.currency as company_currency,
        settings.latest_on
    from opportunities
    cross join settings
    left join fixed on upper(opportunities.currency) = fixed.currency
    -- A closed deal is worth what it was worth then; an open one, what it is worth now.
    left join dated
        on upper(opportunities.currency) = dated.currency
        and coalesce(dated.from_on <= case
            when opportunities.is_closed then cast(opportunities.closed_at as date)
            else settings.latest_on
        end, dated.from_on is null)
        and coalesce(dated.next_on > case
            when opportunities.is_closed then cast(opportunities.closed_at as date)
            else settings.latest_on
        end, dated.next_on is null)
)

select
    opportunities.opportunity_id,
    opportunities.account_id,
    opportunities.rep_id,
    opportunities.product_id,
    opportunities.revenue_type,
    opportunities.stage,
    opportunities.is_closed,
    opportunities.is_won,
    opportunities.amount * opportunities.to_company_currency as amount,
    opportunities.created_at,
    opportunities.closed_at,
    opportunities.company_currency as currency,
    opportunities._row,
    opportunities._issues,
    nullif(concat_ws(
        '; ',
        opportunities._fixes,
        case
            when opportunities.to_company_currency <> 1
                then 'amount: converted from ' || upper(opportunities.currency)
        end,
        case
            when opportunities.is_won and opportunities.amount is null
                then 'amount: none given, counted as 0'
        end,
        case
            when opportunities.is_closed
                and cast(opportunities.closed_at as date) < cast(opportunities.created_at as date)
                then 'closed_at: before created_at, the deal counts and its cycle is unknown'
        end
    ), '') as _fixes,
    -- The first rule that a row breaks names it; the order is from identity to plausibility.
    case
        when opportunities.opportunity_id is null then 'opportunity_id_missing'
        when opportunities.account_id is null then 'account_id_missing'
        when accounts.account_id is null then 'account_unknown'
        when opportunities.rep_id is null then 'rep_id_missing'
        when opportunities._issues is not null then 'cell_unreadable'
        when opportunities.is_closed is null or opportunities.is_won is null then 'status_missing'
        when opportunities.is_won and not opportunities.is_closed then 'won_but_open'
        when opportunities.created_at is null then 'created_at_missing'
        when cast(opportunities.created_at as date) > opportunities.latest_on
            then 'created_in_future'
        when opportunities.is_closed and opportunities.closed_at is null then 'closed_at_missing'
        when opportunities.is_closed
            and cast(opportunities.closed_at as date) > opportunities.latest_on
            then 'closed_in_future'
        when opportunities.amount < 0 and opportunities.is_won
            and first_wins.won_on <= cast(opportunities.closed_at as date)
            then 'credit_taken_off_wins'
        when opportunities.amount < 0 and opportunities.is_won then 'credit_without_win'
        when opportunities.amount < 0 then 'amount_negative'
        when opportunities.amount is not null and opportunities.to_company_currency is null
            then 'currency_without_rate'
        when opportunities.revenue_type not in ('new', 'expansion', 'renewal')
            then 'revenue_type_unknown'
    end as quarantine_reason
from priced as opportunities
left join accounts on opportunities.account_id = accounts.account_id
left join first_wins
    on opportunities.account_id = first_wins.account_id
    and coalesce(opportunities.revenue_type, '') = first_wins.revenue_type
