select
    rep_id,
    certification,
    valid_from,
    valid_to,
    _row,
    _issues,
    _fixes,
    case
        when rep_id is null then 'rep_id_missing'
        when certification is null then 'certification_missing'
    end as quarantine_reason
from {{ source('raw', 'certifications') }}
