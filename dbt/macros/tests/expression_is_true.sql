{#- A row-wise invariant. NULL counts as false: an invariant that cannot be evaluated is broken. -#}
{% test expression_is_true(model, expression) %}
select *
from {{ model }}
where not coalesce({{ expression }}, false)
{% endtest %}
