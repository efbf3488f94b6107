{{ config(materialized='view') }}

select
    rep_id,
    certification
from {{ ref('int_reps__certificates') }}
