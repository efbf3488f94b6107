select
    opportunity_id,
    rep_id,
    share,
    _row,
    _issues,
    _fixes,
    case
        when opportunity_id is null then 'opportunity_id_missing'
        when rep_id is null then 'rep_id_missing'
        when _issues is not null then 'cell_unreadable'
        when share is null then 'share_missing'
        when share <= 0 then 'share_out_of_range'
    end as quarantine_reason
from {{ source('raw', 'splits') }}
