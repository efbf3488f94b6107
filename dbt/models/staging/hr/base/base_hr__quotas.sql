select
    rep_id,
    starts_on,
    month_count,
    revenue_type,
    amount,
    _row,
    _issues,
    _fixes,
    case
        when rep_id is null then 'rep_id_missing'
        when _issues is not null then 'cell_unreadable'
        when starts_on is null then 'starts_on_missing'
        when amount is null then 'amount_missing'
        when amount < 0 then 'amount_negative'
        when month_count < 1 or month_count > 12 then 'month_count_out_of_range'
        when revenue_type not in ('new', 'existing') then 'revenue_type_unknown'
    end as quarantine_reason
from {{ source('raw', 'quotas') }}
