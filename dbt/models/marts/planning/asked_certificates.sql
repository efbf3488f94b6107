{{ config(materialized='view') }}

select
    account_id,
    certification,
    mode = 'hard' as is_hard,
    cast(loss_rate as double precision) as loss_rate
from {{ ref('int_accounts__certificates') }}
