select
    account_id,
    rep_id,
    type as activity_type,
    cast("at" as date) as activity_on
from {{ ref('base_crm__activities') }}
where quarantine_reason is null
