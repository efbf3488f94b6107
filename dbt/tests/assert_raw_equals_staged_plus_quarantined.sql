{% set tables = {
    'accounts': 'crm', 'opportunities': 'crm', 'products': 'crm', 'activities': 'crm', 'employees': 'hr', 'certifications': 'hr',
    'absences': 'hr', 'quotas': 'hr', 'stage_changes': 'crm', 'exchange_rates': 'crm',
} %}
{% for table, system in tables.items() %}
select
    '{{ table }}' as table_name,
    (select count(*) from {{ source('raw', table) }}) as raw_count,
    (select count(*) from {{ ref('stg_' ~ system ~ '__' ~ table) }}) as staged_count,
    (select count(*) from {{ ref('quarantined_' ~ system ~ '__' ~ table) }}) as quarantined_count
where
    (select count(*) from {{ source('raw', table) }})
    <> (select count(*) from {{ ref('stg_' ~ system ~ '__' ~ table) }})
    + (select count(*) from {{ ref('quarantined_' ~ system ~ '__' ~ table) }})
{{ 'union all' if not loop.last }}
{% endfor %}
