-- Share of a year's won value by month of the fiscal year: of the company, shrunk to a flat year
-- with 24 pseudo-deals, and of each industry with enough deals, shrunk to the company's with 48.
-- Every year but the first is held out and predicted from the years before it, by the industry's
-- own season, the company's and a flat year. The one with the smallest error on the held-out months
-- is used; where flat is as good, flat. What the company file states goes before anything found.
{% set pseudo_deals = 24.0 %}
{% set industry_pseudo_deals = 48.0 %}

with

learnt as (select * from {{ ref('seasonality__learnt') }}),

stated as (select * from {{ ref('stg_policy__seasons') }}),

totals as (
    select
        revenue_type,
        season_key,
        held_out,
        sum(amount) as amount,
        sum(deals) as deals,
        sum(actual_amount) as actual_amount
    from learnt
    group by 1, 2, 3
),

found as (
    select
        learnt.*,
        totals.deals as total_deals,
        totals.amount as total_amount,
        learnt.amount / nullif(totals.amount, 0) as raw_share,
        learnt.actual_amount / nullif(totals.actual_amount, 0) as actual_share
    from learnt
    inner join totals
        on learnt.revenue_type = totals.revenue_type
        and learnt.season_key = totals.season_key
        and learnt.held_out = totals.held_out
),

company_shares as (
    select
        revenue_type,
        month_number,
        held_out,
        (coalesce(raw_share, 1 / 12.0) * total_deals + {{ pseudo_deals }} / 12)
        / (total_deals + {{ pseudo_deals }})
            as company_share
    from found
    where season_key = '(company)'
),

shares as (
    select
        found.revenue_type,
        found.season_key,
        found.month_number,
        found.held_out,
        found.actual_share,
        found.total_amount > 0 and found.held_out >= 0 and found.actual_share is not null
            as is_tested,
        company_shares.company_share,
        case
            when found.season_key = '(company)' then company_shares.company_share
            else
                (
                    coalesce(found.raw_share, company_shares.company_share) * found.total_deals
                    + {{ industry_pseudo_deals }} * company_shares.company_share
                ) / (found.total_deals + {{ industry_pseudo_deals }})
        end as own_share
    from found
    inner join company_shares
        on found.revenue_type = company_shares.revenue_type
        and found.month_number = company_shares.month_number
        and found.held_out = company_shares.held_out
),

errors as (
    select
        revenue_type,
        season_key,
        sum(case when is_tested then (own_share - actual_share) * (own_share - actual_share) end)
            as own_error,
        sum(
            case
                when is_tested then (company_share - actual_share) * (company_share - actual_share)
            end
        ) as company_error,
        sum(case when is_tested then (1 / 12.0 - actual_share) * (1 / 12.0 - actual_share) end)
            as flat_error,
        sum(case when is_tested then 1 else 0 end) as held_out_months
    from shares
    group by 1, 2
),

chosen as (
    select
        errors.*,
        case
            when own_error is null then 'flat'
            when flat_error <= own_error and flat_error <= company_error then 'flat'
            when season_key = '(company)' then 'seasonal'
            when own_error < company_error then 'seasonal'
            else 'company'
        end as method
    from errors
)

select
    shares.revenue_type,
    shares.season_key,
    cast(shares.month_number as integer) as month_number,
    cast(case
        when stated.share is not null then stated.share
        when chosen.method = 'flat' then 1 / 12.0
        when chosen.method = 'company' then shares.company_share
        else shares.own_share
    end as double precision) as share,
    case when stated.share is not null then 'stated' else chosen.method end as method,
    cast(least(chosen.own_error, chosen.company_error) as double precision) as seasonal_error,
    cast(chosen.flat_error as double precision) as flat_error,
    cast(chosen.held_out_months as bigint) as held_out_months
from shares
inner join chosen
    on shares.revenue_type = chosen.revenue_type
    and shares.season_key = chosen.season_key
left join stated
    on shares.revenue_type = stated.revenue_type
    and shares.month_number = stated.month_number
where shares.held_out = -1
