-- Everything that the worth of a pair is made of: the account's own part, the coverer's win rate on
-- it, what covering costs, and why the pair may not be.
with

accounts as (select * from {{ ref('coverage_accounts') }}),

profiles as (select account_id, profile_id from {{ ref('int_accounts__segmented') }}),

coverers as (select * from {{ ref('int_coverers__capacity') }}),

settings as (select * from {{ ref('stg_policy__company_settings') }}),

partners as (select * from {{ ref('stg_policy__partners') }}),

win_rates as (select * from {{ ref('stg_strength__win_rates') }}),

effects as (select * from {{ ref('stg_strength__effects') }}),

guard as (select * from {{ ref('stg_strength__guard') }}),

similarities as (select * from {{ ref('int_reps__similarity') }}),

potential as (select * from {{ ref('int_accounts__potential') }}),

pairs as (select * from {{ ref('int_pairs__weighed') }}),

uncertified as (select * from {{ ref('int_pairs__uncertified') }}),

forbidden as (select * from {{ ref('int_pairs__forbidden') }}),

direct_deals as (select * from {{ ref('int_accounts__direct_deals') }}),

delays as (select * from {{ ref('coverage_candidates__delay') }})

select
    pairs.account_id,
    pairs.rep_id,
    coverers.coverer_type,
    coalesce(own_delay.delayed_rate, company_delay.delayed_rate, 0.0) as delayed_rate,
    accounts.is_stale,
    coalesce(uncertified.loss_rate, 0.0) as certificate_loss_rate,
    case
        when forbidden.reason is not null then forbidden.reason
        when uncertified.mode = 'hard' then 'no certificate ' || uncertified.certification
        when coverers.coverer_type = 'partner' and direct_deals.account_id is not null
            then 'direct deal open'
    end as forbidden_reason,
    profiles.profile_id,
    accounts.new_amount,
    accounts.existing_amount,
    coalesce(pairs.rep_id = accounts.present_rep_id, false) as is_present,
    accounts.present_rep_id is not null as has_present,
    (accounts.new_amount + accounts.existing_amount) * settings.horizon_months / 12.0 as amount,
    accounts.margin_rate,
    accounts.segment_win_rate,
    coalesce(mine.margin_rate + potential.margin_difference, accounts.margin_rate)
        as rep_margin_rate,
    coalesce({{ shift_odds('mine.win_rate', 'potential.win_effect') }}, accounts.segment_win_rate)
        as win_rate,
    -- Bookings under this rep over bookings under a rep of whom nothing is known: deals, their
    -- chance and their value.
    {% for revenue_type in ['new', 'existing'] -%}
    {%- set won = revenue_type ~ '_won_value_rate' -%}
    coalesce(
        mine.creation_factor
        * {{ shift_odds('mine.' ~ won, 'potential.win_effect') }}
        / nullif({{ shift_odds('nobody.' ~ won, 'potential.win_effect') }}, 0)
        * exp(guard.value_multiplier * coalesce(value_effects.effect, 0.0)),
        1.0
    ) as {{ revenue_type }}_booking_factor,
    {% endfor -%}
    -- Squared coefficient of variation of the account's bookings, whoever covers it.
    potential.value_cv2 + (
        accounts.new_amount * accounts.new_amount * potential.new_rate_cv2
        + accounts.existing_amount * accounts.existing_amount * potential.existing_rate_cv2
    ) / nullif(
        (accounts.new_amount + accounts.existing_amount)
        * (accounts.new_amount + accounts.existing_amount),
        0
    )
        as account_cv2,
    guard.is_counted as is_strength_used,
    mine.advantage_sd,
    mine.creation_sd,
    case when coverers.coverer_type = 'house' then 0.0 else accounts.hours_per_year end as hours,
    coalesce(partners.margin_share, 0.0) as margin_share,
    coalesce(similarities.similarity, 0.0) as similarity,
    settings.horizon_months / 12.0 as horizon_years,
    settings.disruption_rate,
    settings.uncovered_loss_rate
from pairs
inner join accounts on pairs.account_id = accounts.account_id
inner join profiles on pairs.account_id = profiles.account_id
inner join coverers on pairs.rep_id = coverers.rep_id
inner join potential on pairs.account_id = potential.account_id
cross join settings
cross join guard
left join win_rates as nobody
    on nobody.rep_id = '(segment)'
    and profiles.profile_id = nobody.profile_id
left join effects as value_effects
    on value_effects.model = 'value'
    and value_effects.term = 'rep'
    and pairs.rep_id = value_effects.rep_id
left join win_rates as mine
    on pairs.rep_id = mine.rep_id
    and profiles.profile_id = mine.profile_id
left join uncertified
    on pairs.account_id = uncertified.account_id and pairs.rep_id = uncertified.rep_id
left join forbidden on pairs.account_id = forbidden.account_id and pairs.rep_id = forbidden.rep_id
left join direct_deals on pairs.account_id = direct_deals.account_id
left join partners on pairs.rep_id = partners.partner_id
left join similarities
    on accounts.present_rep_id = similarities.rep_id
    and pairs.rep_id = similarities.other_rep_id
left join delays as own_delay on accounts.industry = own_delay.season_key
left join delays as company_delay on company_delay.season_key = '(company)'
