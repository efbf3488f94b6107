{{ config(materialized='view') }}

select
    as_of_on,
    plan_start_on,
    plan_from_on
from {{ ref('int_company__calendar') }}
