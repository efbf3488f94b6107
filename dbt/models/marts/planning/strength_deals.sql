-- Closed deals as the strength models see them: their features, a closed list, and how they ended.
{{ config(materialized='view') }}

select
    rep_id,
    group_id,
    account_id,
    industry,
    region as geography,
    size_band,
    product,
    revenue_type,
    is_won,
    cast(usual_amount as double precision) as amount,
    cast(age_days as integer) as age_days
from {{ ref('int_opportunities__profiled') }}
where is_closed
