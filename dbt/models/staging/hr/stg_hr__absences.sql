-- An absence without an end lasts: it is taken to reach beyond any plan.
select
    rep_id,
    starts_on,
    coalesce(ends_on, cast('9999-12-31' as date)) as ends_on,
    coalesce(absent_share, 1.0) as absent_share
from {{ ref('base_hr__absences') }}
where quarantine_reason is null
