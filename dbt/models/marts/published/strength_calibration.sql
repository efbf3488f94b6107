-- Do deals with a predicted chance of 60 % close 60 times in 100? Later deals by tenths of the strength
-- model's probability; Wilson's (1927) interval for the observed rate.
with

bins as (
    select
        least(9, floor(p * 10)) as bin,
        sum(deals) as deals,
        sum(wins) as wins,
        sum(deals * p) / sum(deals) as predicted_win_rate
    from {{ ref('int_strength__predictions') }}
    where model = 'strength'
    group by least(9, floor(p * 10))
),

rates as (
    select
        bins.*,
        cast(wins as double precision) / deals as observed_win_rate,
        1.645 * 1.645 as zz
    from bins
)

select
    cast(bin + 1 as integer) as bin_number,
    cast(deals as bigint) as deal_count,
    predicted_win_rate,
    observed_win_rate,
    (observed_win_rate + zz / (2 * deals)
        - sqrt(zz) * sqrt(observed_win_rate * (1 - observed_win_rate) / deals + zz / (4.0 * deals * deals)))
    / (1 + zz / deals) as observed_lower,
    (observed_win_rate + zz / (2 * deals)
        + sqrt(zz) * sqrt(observed_win_rate * (1 - observed_win_rate) / deals + zz / (4.0 * deals * deals)))
    / (1 + zz / deals) as observed_upper
from rates
