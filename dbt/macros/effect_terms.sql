{#-
    The terms of the two models of a deal, in the order in which they are fitted.

    A term's effects are kept by (rep_id, level); '(all)' stands where a term has no rep or no level.
    This list is closed: nothing of the HR file but the group enters a model, and a test holds it.
-#}
{% macro win_terms() -%}
{{ return([
    {'name': 'industry', 'column': 'industry'},
    {'name': 'geography', 'column': 'geography'},
    {'name': 'size_band', 'column': 'size_band'},
    {'name': 'product', 'column': 'product'},
    {'name': 'group', 'column': 'group_id'},
    {'name': 'account', 'column': 'account_key'},
    {'name': 'rep', 'is_rep': true},
    {'name': 'rep_industry', 'is_rep': true, 'column': 'industry'},
    {'name': 'rep_geography', 'is_rep': true, 'column': 'geography'},
    {'name': 'rep_size_band', 'is_rep': true, 'column': 'size_band'},
    {'name': 'rep_product', 'is_rep': true, 'column': 'product'},
]) }}
{%- endmacro %}

{% macro value_terms() -%}
{{ return([
    {'name': 'revenue_type', 'column': 'revenue_type'},
    {'name': 'industry', 'column': 'industry'},
    {'name': 'geography', 'column': 'geography'},
    {'name': 'size_band', 'column': 'size_band'},
    {'name': 'product', 'column': 'product'},
    {'name': 'account', 'column': 'account_id'},
    {'name': 'rep', 'is_rep': true},
]) }}
{%- endmacro %}

{#- What a deal's own part of the two models is made of; the rest is the group's and the rep's. -#}
{% macro segment_terms() -%} {{ return(['industry', 'geography', 'size_band', 'product', 'account']) }} {%- endmacro %}
{% macro advantage_terms() -%} {{ return(['group', 'rep', 'rep_industry', 'rep_geography', 'rep_size_band', 'rep_product']) }} {%- endmacro %}
{% macro value_segment_terms() -%} {{ return(['revenue_type', 'industry', 'geography', 'size_band', 'product', 'account']) }} {%- endmacro %}

{% macro term_rep(term, relation) -%}
    {{ relation ~ '.rep_id' if term.is_rep else "'(all)'" }}
{%- endmacro %}

{% macro term_level(term, relation) -%}
    {{ relation ~ '.' ~ term.column if term.column else "'(all)'" }}
{%- endmacro %}

{#-
    Joins the effects of every term to a relation that has the feature columns.

    effects   relation made by fit_effects
    relation  alias of the relation with the features
    sample    SQL expression: which sample's effects
    terms     win_terms() or value_terms()
-#}
{% macro effect_joins(effects, relation, sample, terms) %}
inner join {{ effects }} as base on base.term = 'base' and base.sample = {{ sample }}
{% for term in terms %}
left join {{ effects }} as term_{{ term.name }}
    on term_{{ term.name }}.term = '{{ term.name }}'
    and term_{{ term.name }}.sample = {{ sample }}
    {% if term.is_rep -%} and term_{{ term.name }}.rep_id = {{ term_rep(term, relation) }} {%- endif %}
    {% if term.column -%} and term_{{ term.name }}.level = {{ term_level(term, relation) }} {%- endif %}
{% endfor %}
{% endmacro %}

{#- Sum of the joined effects of the named terms; a level never seen has none. -#}
{% macro sum_effects(names) -%}
    ({% for name in names %}{{ ' + ' if not loop.first }}coalesce(term_{{ name }}.effect, 0.0){% endfor %})
{%- endmacro %}
