select
    rep_id,
    figure_period
from {{ source('plan', 'rep_quotas') }}
