-- Weighed pairs whose rep lacks a certificate that the account asks for. A hard rule makes the pair
-- ineligible, a soft one costs a share of its worth.
select
    pairs.account_id,
    pairs.rep_id,
    case when max(case when asked.mode = 'hard' then 1 else 0 end) = 1 then 'hard' else 'soft' end
        as mode,
    min(case when asked.mode = 'hard' then asked.certification end) as certification,
    least(sum(asked.loss_rate), 1.0) as loss_rate
from {{ ref('int_pairs__weighed') }} as pairs
inner join {{ ref('int_coverers__capacity') }} as coverers
    on pairs.rep_id = coverers.rep_id
    and coverers.coverer_type = 'rep'
inner join {{ ref('int_accounts__certificates') }} as asked on pairs.account_id = asked.account_id
left join {{ ref('int_reps__certificates') }} as held
    on pairs.rep_id = held.rep_id
    and asked.certification = held.certification
where held.rep_id is null
group by pairs.account_id, pairs.rep_id
