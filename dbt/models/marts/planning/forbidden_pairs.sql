{{ config(materialized='view') }}

select
    account_id,
    rep_id,
    reason
from {{ ref('int_pairs__forbidden') }}
