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
        when cast(entered_at as date) > settings.latest_on then 'entered_in_future'
    end as quarantine_reason
from {{ source('raw', 'stage_changes') }}
cross join (select latest_on from {{ source('policy', 'company_settings') }}) as settings
