with

activities as (select * from {{ source('raw', 'activities') }}),

settings as (select latest_on from {{ source('policy', 'company_settings') }})

select
    activities.account_id,
    activities.rep_id,
    activities.type,
    activities."at",
    activities._row,
    activities._issues,
    activities._fixes,
    case
        when activities.account_id is null then 'account_id_missing'
        when activities.rep_id is null then 'rep_id_missing'
        when activities."at" is null then 'at_missing'
        when cast(activities."at" as date) > settings.latest_on then 'at_in_future'
    end as quarantine_reason
from activities
cross join settings
