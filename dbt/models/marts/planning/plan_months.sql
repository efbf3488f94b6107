{{ config(materialized='view') }}

select
    month_number,
    month,
    is_open
from {{ ref('int_company__plan_months') }}
