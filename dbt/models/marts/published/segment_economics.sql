with

accounts as (select * from {{ ref('account_segments') }}),

by_segment as (
    select
        segment_id,
        max(lifecycle) as lifecycle,
        max(size_band) as size_band,
        max(industry) as industry,
        max(region) as region,
        count(*) as account_count,
        sum(case when is_profitable then 0 else 1 end) as unprofitable_account_count,
        sum(won_amount_last_year) as won_amount_last_year,
        sum(expected_amount) as expected_amount,
        sum(contribution_amount) as contribution_amount,
        sum(cost_to_serve_amount) as cost_to_serve_amount,
        sum(hours_per_year) as hours_per_year
    from accounts
    group by segment_id
),

deals as (
    select
        segment_id,
        count(*) as closed_count,
        sum(case when is_won then 1 else 0 end) as won_count,
        avg(case when is_won then cycle_days end) as mean_cycle_days
    from {{ ref('int_opportunities__profiled') }}
    where is_closed
    group by segment_id
)

select
    by_segment.segment_id,
    by_segment.lifecycle,
    by_segment.size_band,
    by_segment.industry,
    by_segment.region,
    cast(by_segment.account_count as bigint) as account_count,
    cast(by_segment.unprofitable_account_count as bigint) as unprofitable_account_count,
    cast(coalesce(deals.closed_count, 0) as bigint) as closed_count,
    cast(coalesce(deals.won_count, 0) as bigint) as won_count,
    cast(deals.won_count as double precision) / nullif(deals.closed_count, 0) as win_rate,
    deals.mean_cycle_days,
    by_segment.won_amount_last_year,
    by_segment.expected_amount,
    by_segment.contribution_amount,
    by_segment.cost_to_serve_amount,
    by_segment.hours_per_year,
    by_segment.contribution_amount / nullif(by_segment.hours_per_year, 0)
        as contribution_per_hour_amount
from by_segment
left join deals on by_segment.segment_id = deals.segment_id
