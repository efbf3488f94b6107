{#- Months that a deal seen open is followed, and month ends that teach chances. -#}
{% macro pipeline_months() %}{{ return(13) }}{% endmacro %}
{% macro pipeline_seen_months() %}{{ return(36) }}{% endmacro %}

{#- All that is known now, and what was known a year ago; shift in months. -#}
{% macro pipeline_samples() -%}
    select 'all' as sample, 0 as shift
    union all
    select 'held_out' as sample, 12 as shift
{%- endmacro %}

{#- Sights that teach each sample, with what it knows of them: a deal decided after the sample's day is
    followed up to that day. Needs a CTE ``samples``. -#}
{% macro sampled_sights() -%}
    select
        samples.sample,
        sights.season_key,
        sights.stage,
        sights.age_band,
        sights.is_won,
        sights.months_ago - samples.shift as followed,
        case when sights.decided_after <= sights.months_ago - samples.shift then sights.decided_after end as decided_after
    from {{ ref('int_pipeline__sights') }} as sights
    inner join samples
        on sights.months_ago > samples.shift
        and sights.months_ago <= samples.shift + {{ pipeline_seen_months() }}
{%- endmacro %}
