select
    model,
    term,
    rep_id,
    level,
    effect,
    variance,
    tau2
from {{ source('strength', 'effects') }}
