{#- The grain of a table and what holds for each of its rows.
    columns        the key: no two rows share it, and none of it is empty
    may_be_empty   columns of the key that may be
    rules          what holds for a row, in words, with its SQL; a rule that cannot be told is broken
    Rows that fail begin with the key and say what is wrong. -#}
{% test one_row_per(model, columns, may_be_empty=[], rules={}) %}
{%- set key = columns | join(', ') %}
with

counted as (
    select
        {{ key }},
        'stands in ' || cast(count(*) as varchar) || ' rows' as fault
    from {{ model }}
    group by {{ key }}
    having count(*) > 1
),

judged as (
    select
        {{ key }},
        case
            {%- for column in columns if column not in may_be_empty %}
            when {{ column }} is null then 'has no {{ column }}'
            {%- endfor %}
            {%- for rule, expression in rules.items() %}
            when not coalesce({{ expression }}, false) then 'does not hold: {{ rule }}'
            {%- endfor %}
        end as fault
    from {{ model }}
)

select
    {{ key }},
    concat_ws(' / ', {{ key }}) || ' ' || fault as sentence
from (
    select * from counted
    union all
    select * from judged
) as found
where fault is not null
{% endtest %}
