-- Where the deals disagree with what one would have thought: a named strength or weakness against a
-- manager's rating, against the industries a rep comes from, or against the region the rep's group
-- works in. The belief itself is not part of the effect shown: data only, times the guard.
with

named as (
    select
        strengths.rep_id,
        strengths.dimension,
        strengths.level,
        strengths.deals,
        strengths.wins,
        strengths.expected_wins,
        strengths.prior_effect,
        strengths.is_rated,
        guard.multiplier * strengths.data_effect as effect,
        strengths.data_effect_sd as effect_sd
    from {{ ref('int_reps__strengths') }} as strengths
    cross join {{ ref('strength_guard') }} as guard
    where
        guard.is_on
        and strengths.deals >= 5
        and abs(guard.multiplier * strengths.data_effect) > 1.645 * strengths.data_effect_sd
),

-- A rep's home: the region of most of the accounts that the rep's group owns.
group_regions as (
    select
        employees.group_id,
        accounts.region,
        row_number() over (partition by employees.group_id order by count(*) desc, accounts.region) as place
    from {{ ref('int_accounts__segmented') }} as accounts
    inner join {{ ref('stg_hr__employees') }} as employees on accounts.owner_rep_id = employees.rep_id
    where accounts.region <> '(unknown)'
    group by employees.group_id, accounts.region
),

judged as (
    select
        named.*,
        employees.prior_industries is not null and named.dimension = 'industry' as has_experience,
        position(';' || lower(named.level) || ';'
            in ';' || replace(lower(coalesce(employees.prior_industries, '')), ' ', '') || ';') > 0 as is_experience,
        named.dimension = 'geography' and home.region is not null as has_home,
        coalesce(home.region = named.level, false) as is_home
    from named
    left join {{ ref('stg_hr__employees') }} as employees on named.rep_id = employees.rep_id
    left join group_regions as home on employees.group_id = home.group_id and home.place = 1
),

surprising as (
    select
        judged.*,
        case
            when is_rated and effect > 0 and prior_effect < 0 then 'strong_though_rated_low'
            when is_rated and effect < 0 and prior_effect > 0 then 'weak_though_rated_high'
            when has_experience and effect > 0 and not is_experience then 'strong_outside_own_experience'
            when has_experience and effect < 0 and is_experience then 'weak_in_own_experience'
            when has_home and effect > 0 and not is_home then 'strong_away_from_home'
            when has_home and effect < 0 and is_home then 'weak_at_home'
        end as kind
    from judged
)

select
    rep_id,
    dimension,
    level,
    kind,
    cast(deals as bigint) as deal_count,
    cast(wins / deals as double precision) as observed_win_rate,
    cast(expected_wins / deals as double precision) as expected_win_rate,
    effect,
    effect - 1.645 * effect_sd as effect_lower,
    effect + 1.645 * effect_sd as effect_upper,
    prior_effect,
    rep_id || ' wins ' || cast(cast(round(100.0 * wins / deals) as integer) as varchar) || ' % of '
    || cast(cast(deals as bigint) as varchar) || ' deals '
    || case when dimension = 'overall' then '' else 'in ' || replace(dimension, '_', ' ') || ' ' || level || ' ' end
    || 'where the deals predict '
    || cast(cast(round(100.0 * expected_wins / deals) as integer) as varchar) || ' %: '
    || case kind
        when 'strong_though_rated_low' then 'stronger than managers rate.'
        when 'weak_though_rated_high' then 'weaker than managers rate.'
        when 'strong_outside_own_experience' then 'strong outside the industries the rep comes from.'
        when 'weak_in_own_experience' then 'weak in an industry the rep comes from.'
        when 'strong_away_from_home' then 'strong away from the home region of the rep''s group.'
        else 'weak in the home region of the rep''s group.'
    end as sentence
from surprising
where kind is not null
