{{ config(materialized='view') }}

select
    rep_id,
    coverer_type,
    group_id,
    role,
    capacity_hours,
    max_accounts
from {{ ref('int_coverers__capacity') }}
