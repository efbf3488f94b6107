with

noted as (
    select
        table_name,
        _row,
        case
            when _issues is null then _fixes
            when _fixes is null then 'a cell could not be read, left empty'
            else _fixes || '; a cell could not be read, left empty'
        end as fix
    from ({{ landed_rows() }})
    where quarantine_reason is null
),

totals as (
    select
        table_name,
        count(*) as total_count
    from noted
    group by 1
)

select
    noted.table_name,
    noted.fix,
    count(*) as row_count,
    max(totals.total_count) as total_count,
    cast(count(*) as double precision) / max(totals.total_count) as row_rate,
    min(noted._row) as first_row
from noted
inner join totals on noted.table_name = totals.table_name
where noted.fix is not null
group by 1, 2
