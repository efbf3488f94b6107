with

landed as ({{ landed_rows() }}),

totals as (
    select
        table_name,
        count(*) as total_count
    from landed
    group by 1
)

select
    landed.table_name,
    landed.quarantine_reason as reason,
    count(*) as row_count,
    max(totals.total_count) as total_count,
    cast(count(*) as double precision) / max(totals.total_count) as row_rate,
    min(landed._row) as first_row,
    cast(sum(landed.amount) as double precision) as amount
from landed
inner join totals on landed.table_name = totals.table_name
where landed.quarantine_reason is not null
group by 1, 2
