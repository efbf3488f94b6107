{# Records that lead back to themselves through their parents: one row per such record. The walk ends
   by itself, for it keeps each pair of a record and one of its ancestors once. #}
{% macro records_in_cycles(relation, key, parent) %}
with recursive ancestors as (
    select {{ key }}, {{ parent }} as ancestor
    from {{ relation }}
    where {{ key }} is not null and {{ parent }} is not null
    union
    select ancestors.{{ key }}, parents.{{ parent }} as ancestor
    from ancestors
    inner join {{ relation }} as parents on ancestors.ancestor = parents.{{ key }}
    where parents.{{ parent }} is not null and ancestors.ancestor <> ancestors.{{ key }}
)

select distinct {{ key }}
from ancestors
where ancestor = {{ key }}
{% endmacro %}
