select
    summary.table_name,
    sum(summary.row_rate) as quarantined_rate,
    max(settings.max_quarantine_rate) as max_quarantine_rate,
    'most of them: ' || max_by(summary.reason, summary.row_count)
    || ' (' || cast(max(summary.row_count) as varchar) || ' of '
    || cast(max(summary.total_count) as varchar) || ' rows, the first in row '
    || cast(max_by(summary.first_row, summary.row_count) as varchar) || ')' as sentence
from {{ ref('quarantine_summary') }} as summary
cross join {{ ref('stg_policy__company_settings') }} as settings
where
    -- A credit is not lost, nor a row that is there once more, a quota of somebody who does not
    -- cover is not this plan's, and what is planned for later has not happened.
    summary.reason not in (
        'credit_taken_off_wins', 'entered_twice', 'role_does_not_cover', 'rep_unknown', 'at_in_future', 'entered_in_future'
    )
    and (settings.stated_as_of_on is null or summary.reason not in ('created_in_future', 'closed_in_future'))
group by summary.table_name
having sum(summary.row_rate) > max(settings.max_quarantine_rate)
