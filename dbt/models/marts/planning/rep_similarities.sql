{{ config(materialized='view') }}

select
    rep_id,
    other_rep_id,
    cast(similarity as double precision) as similarity
from {{ ref('int_reps__similarity') }}
