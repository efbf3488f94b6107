-- Reps by what they are worth on a kind of account; equals (to 12 decimals, so that no rounding
-- error decides) in the order of a stable hash. By profile, not by account: a company of 100,000
-- accounts and 1,000 reps has 100 million pairs.
select
    profile_id,
    rep_id,
    row_number() over (
        partition by profile_id
        order by
            round(creation_factor * won_value_rate * margin_rate, 12) desc,
            md5(industry || region || size_band || rep_id) asc
    ) as value_rank
from {{ ref('stg_strength__win_rates') }}
where rep_id <> '(segment)'
