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
        when _issues is not null then 'cell_unreadable'
        when certification is null then 'certification_missing'
    end as quarantine_reason
from {{ source('raw', 'certifications') }}
