{#-
    Joins the effects of every term to a relation that has the feature columns.

    strength_joins(effects, relation): left joins, one per term, aliased by the term's name.
    segment_lp(): the deal's own part: base and segment terms.
    advantage(): what the group and the rep add.
-#}
{% macro strength_joins(effects, relation) %}
inner join {{ effects }} as base on base.term = 'base'
{% for term in strength_terms() %}
left join {{ effects }} as term_{{ term.name }}
    on term_{{ term.name }}.term = '{{ term.name }}'
    and term_{{ term.name }}.level = {{ strength_level(term, relation) }}
{% endfor %}
{% endmacro %}

{% macro segment_lp() -%}
    (base.effect
    {%- for name in ['industry', 'geography', 'size_band', 'product'] %} + coalesce(term_{{ name }}.effect, 0.0) {%- endfor %})
{%- endmacro %}

{% macro advantage() -%}
    (coalesce(term_group.effect, 0.0)
    {%- for name in ['rep', 'rep_industry', 'rep_geography', 'rep_size_band', 'rep_product'] %} + coalesce(term_{{ name }}.effect, 0.0) {%- endfor %})
{%- endmacro %}
