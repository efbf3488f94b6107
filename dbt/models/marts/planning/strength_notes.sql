-- The named strength and the named weakness that say most about a rep on a kind of account; one of
-- this kind of account says more than one overall.
with

win_rates as (select * from {{ ref('stg_strength__win_rates') }}),

strengths as (
    select *
    from {{ ref('stg_strength__rep_strengths') }}
    where is_named and verdict = 'transports'
),

ranked as (
    select
        win_rates.rep_id,
        win_rates.profile_id,
        strengths.effect > 0 as is_strength,
        case
            when strengths.dimension = 'overall' then 'overall'
            else 'in ' || replace(strengths.dimension, '_', ' ') || ' ' || strengths.level
        end
        || ' (' || cast(strengths.won_count as varchar)
        || ' of ' || cast(strengths.deal_count as varchar) || ' deals won where '
        || cast(
            cast(round(strengths.expected_win_rate * strengths.deal_count) as bigint) as varchar
        )
        || ' were expected)' as note,
        row_number() over (
            partition by win_rates.rep_id, win_rates.profile_id, strengths.effect > 0
            order by
                case when strengths.dimension = 'overall' then 1 else 0 end asc,
                abs(strengths.effect) desc,
                strengths.dimension asc
        ) as place
    from win_rates
    inner join strengths
        on win_rates.rep_id = strengths.rep_id
        and (
            strengths.dimension = 'overall'
            or (strengths.dimension = 'industry' and win_rates.industry = strengths.level)
            or (strengths.dimension = 'geography' and win_rates.region = strengths.level)
            or (strengths.dimension = 'size_band' and win_rates.size_band = strengths.level)
        )
)

select
    rep_id,
    profile_id,
    is_strength,
    note
from ranked
where place = 1
