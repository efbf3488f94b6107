select
    group_id,
    group_id || ': ' || repair as sentence
from {{ ref('staffing_review') }}
where short_months > 0
