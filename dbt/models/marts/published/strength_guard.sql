{{ config(materialized='view') }}

select
    signal,
    is_on,
    slope,
    slope_se,
    slope_lower,
    multiplier,
    is_value_on,
    value_slope,
    value_slope_se,
    value_slope_lower,
    value_multiplier,
    half_life_days,
    is_half_life_tuned,
    train_deal_count,
    holdout_deal_count,
    reason,
    value_reason
from {{ ref('int_strength__guard') }}
