-- Groups whose expected cost exceeds their budget; the sentence names the cheapest cuts.
{{ config(tags=['review'], severity='warn') }}
select
    group_id,
    verdict,
    sentence
from {{ ref('stg_plan__budget_check') }}
where verdict = 'over budget'
