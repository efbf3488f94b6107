select
    rep_id,
    certification,
    valid_from as valid_from_on,
    valid_to as valid_to_on
from {{ ref('base_hr__certifications') }}
where quarantine_reason is null
