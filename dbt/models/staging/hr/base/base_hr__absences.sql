select
    rep_id,
    starts_on,
    ends_on,
    absent_share,
    _row,
    _issues,
    _fixes,
    case
        when rep_id is null then 'rep_id_missing'
        when _issues is not null then 'cell_unreadable'
        when starts_on is null then 'starts_on_missing'
        when ends_on < starts_on then 'ends_before_it_starts'
        when absent_share < 0 or absent_share > 1 then 'absent_share_out_of_range'
        when row_number() over (
                partition by rep_id, starts_on, ends_on, absent_share order by _row
            ) > 1 then 'entered_twice'
    end as quarantine_reason
from {{ source('raw', 'absences') }}
