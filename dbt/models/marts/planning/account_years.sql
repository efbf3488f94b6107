-- What each account bought in the last twelve months, in those before, and so on: what the
-- company's level is estimated from. Years are whole; where the records do not fill one, what there
-- is, scaled to a year by days (a month at least), as uncertain as it is.
with

deals as (select * from {{ ref('int_opportunities__profiled') }} where is_closed),

span as (
    select
        greatest(1, floor((max(age_days) + 1) / 365.0)) as years,
        365.0 / least(365, greatest(30, max(age_days) + 1)) as to_a_year
    from deals
)

select
    deals.account_id,
    cast(floor(deals.age_days / 365.0) + 1 as bigint) as year_back,
    deals.revenue_type,
    cast(sum(deals.amount * span.to_a_year) as double precision) as won_amount,
    cast(count(*) as bigint) as won_count,
    cast(sum(power(deals.amount * span.to_a_year, 2)) as double precision) as won_square,
    cast(max(deals.amount) as double precision) as largest_deal_amount,
    bool_or(deals.is_unusual) as has_unusual_deal
from deals
cross join span
where deals.is_won and deals.amount > 0 and floor(deals.age_days / 365.0) < span.years
group by 1, 2, 3
order by 1, 2, 3
