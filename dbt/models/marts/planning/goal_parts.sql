{{ config(materialized='view') }}

select
    revenue_type,
    group_id,
    month,
    target_amount
from {{ ref('stg_policy__goal_parts') }}
