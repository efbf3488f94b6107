-- Value of a deal won, by the value model's own part: exp of what the account's kind adds (revenue
-- type, industry, region, size band), before the product; its intercept is set so that predicted
-- and actual value of all won deals are equal.
{# The value model's terms that are the account's kind, and the column of each. #}
{% set value_terms = {
    'revenue_type': 'revenue_types.revenue_type',
    'industry': 'accounts.industry',
    'geography': 'accounts.region',
    'size_band': 'accounts.size_band',
} %}

with

accounts as (select * from {{ ref('int_accounts__segmented') }}),

effects as (select * from {{ ref('stg_strength__effects') }} where model = 'value'),

revenue_types as (
    select 'new' as revenue_type
    union all
    select 'existing'
)

select
    accounts.account_id,
    revenue_types.revenue_type,
    coalesce(
        exp(
            base.effect
            {% for term in value_terms -%}
            + coalesce(term_{{ term }}.effect, 0.0)
            {% endfor %}
        ),
        0.0
    ) as value_of_kind
from accounts
cross join revenue_types
left join effects as base on base.term = 'base'
{% for term, level in value_terms.items() %}
left join effects as term_{{ term }}
    on term_{{ term }}.term = '{{ term }}'
    and term_{{ term }}.level = {{ level }}
{% endfor %}
