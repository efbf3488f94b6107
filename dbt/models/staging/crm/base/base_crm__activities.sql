select
    account_id,
    rep_id,
    type,
    "at",
    _row,
    _issues,
    _fixes,
    case
        when account_id is null then 'account_id_missing'
        when rep_id is null then 'rep_id_missing'
        when "at" is null then 'at_missing'
        when cast("at" as date) > settings.latest_on then 'at_in_future'
    end as quarantine_reason
from {{ source('raw', 'activities') }}
cross join (select latest_on from {{ source('policy', 'company_settings') }}) as settings
