{{ config(materialized='view') }}

select
    month,
    month_number,
    is_in_horizon
from {{ ref('int_company__horizon_months') }}
