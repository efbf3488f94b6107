select
    opportunity_id,
    stage,
    entered_at,
    _row,
    _issues,
    _fixes,
    case
        when opportunity_id is null then 'opportunity_id_missing'
        when stage is null then 'stage_missing'
        when entered_at is null then 'entered_at_missing'
    end as quarantine_reason
from {{ source('raw', 'stage_changes') }}
