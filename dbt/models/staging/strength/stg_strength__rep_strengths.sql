select
    rep_id,
    dimension,
    level,
    effect,
    deal_count,
    won_count,
    expected_win_rate,
    verdict,
    is_named
from {{ source('strength', 'rep_strengths') }}
