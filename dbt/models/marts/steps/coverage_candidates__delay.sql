-- Share of a year's new business that an account does not bring because its coverer is new to it:
-- what would have begun and closed before the industry's sales cycle has passed. Open deals are
-- handed over. Quotas hold back the same months.
with

cycles as (select * from {{ ref('sales_cycles') }}),

lags as (select * from {{ ref('new_business_lags') }}),

months as (select * from {{ ref('plan_months') }} where is_open),

shares as (select * from {{ ref('seasonality') }} where revenue_type = 'new'),

placed as (
    select
        cycles.season_key,
        cycles.cycle_months,
        months.month_number,
        row_number() over (partition by cycles.season_key order by months.month) as place,
        lags.created_later_rate
    from cycles
    cross join months
    inner join lags on cycles.season_key = lags.season_key and months.month = lags.month
)

select
    placed.season_key,
    sum(coalesce(own.share, company.share) * placed.created_later_rate) as delayed_rate
from placed
left join
    shares as own
    on placed.season_key = own.season_key and placed.month_number = own.month_number
left join
    shares as company
    on company.season_key = '(company)' and placed.month_number = company.month_number
where placed.place <= floor(placed.cycle_months)
group by placed.season_key
