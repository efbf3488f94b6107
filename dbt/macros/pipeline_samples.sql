{#- Months that a deal seen open is followed, and month ends that teach chances. -#}
{% macro pipeline_months() %}{{ return(13) }}{% endmacro %}
{% macro pipeline_seen_months() %}{{ return(36) }}{% endmacro %}

{#- All that is known now, and what was known a year ago; shift in months. -#}
{% macro pipeline_samples() -%}
    select 'all' as sample, 0 as shift
    union all
    select 'held_out' as sample, 12 as shift
{%- endmacro %}

{#- Observations that teach each sample, with what it knows of them: a deal decided after the sample's day is
    followed up to that day. Needs a CTE ``samples``. -#}
{% macro sampled_observations() -%}
    select
        samples.sample,
        observations.season_key,
        observations.stage,
        observations.age_band,
        observations.is_won,
        observations.months_ago - samples.shift as followed,
        case when observations.decided_after <= observations.months_ago - samples.shift then observations.decided_after end as decided_after
    from {{ ref('int_pipeline__observations') }} as observations
    inner join samples
        on observations.months_ago > samples.shift
        and observations.months_ago <= samples.shift + {{ pipeline_seen_months() }}
{%- endmacro %}
