with

changes as (select * from {{ source('raw', 'stage_changes') }}),

settings as (select latest_on from {{ source('policy', 'company_settings') }})

select
    changes.opportunity_id,
    changes.stage,
    changes.entered_at,
    changes._row,
    changes._issues,
    changes._fixes,
    case
        when changes.opportunity_id is null then 'opportunity_id_missing'
        when changes.stage is null then 'stage_missing'
        when changes.entered_at is null then 'entered_at_missing'
        when cast(changes.entered_at as date) > settings.latest_on then 'entered_in_future'
    end as quarantine_reason
from changes
cross join settings
