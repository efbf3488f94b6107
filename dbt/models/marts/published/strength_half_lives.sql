select
    cast(nullif(half_life_days, 0) as bigint) as half_life_days,
    cast(validation_deals as bigint) as deal_count,
    log_loss,
    excess as excess_log_loss,
    excess_se as excess_log_loss_se,
    is_tuned,
    is_chosen
from {{ ref('int_strength__half_lives') }}
