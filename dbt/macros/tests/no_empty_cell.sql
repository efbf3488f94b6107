{#- No row lacks any of these columns; the first one names the row. -#}
{% test no_empty_cell(model, columns) %}
select
    {{ columns[0] }},
    case
        {%- for column in columns %}
        when {{ column }} is null then 'a row of ' || coalesce(cast({{ columns[0] }} as varchar), '(nobody)') || ' has no {{ column }}'
        {%- endfor %}
    end as sentence
from {{ model }}
where {{ columns | join(' is null or ') }} is null
{% endtest %}
