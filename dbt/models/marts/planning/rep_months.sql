{{ config(materialized='view') }}

select
    rep_id,
    group_id,
    role,
    month,
    month_number,
    ramp_rate,
    available_hours
from {{ ref('int_reps__months') }}
