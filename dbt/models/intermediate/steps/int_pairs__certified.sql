-- Where only certified reps may cover an account, the best of them on its profile instead of the
-- best of all: accounts that ask for the same list of certificates and are of one profile have the
-- same holders.
with

accounts as (select account_id, profile_id from {{ ref('int_accounts__segmented') }}),

ranked as (select * from {{ ref('int_pairs__ranked') }}),

held as (select * from {{ ref('int_reps__certificates') }}),

settings as (select candidates_per_account from {{ ref('stg_policy__company_settings') }}),

asking as (
    select
        account_id,
        certification,
        string_agg(certification, ' + ') over (
            partition by account_id order by certification
            rows between unbounded preceding and unbounded following
        ) as list
    from {{ ref('int_accounts__certificates') }}
    where mode = 'hard'
),

lists as (
    select distinct
        accounts.profile_id,
        asking.list,
        asking.certification
    from asking
    inner join accounts on asking.account_id = accounts.account_id
),

holders as (
    select
        lists.profile_id,
        lists.list,
        ranked.rep_id,
        row_number() over (partition by lists.profile_id, lists.list order by ranked.value_rank)
            as value_rank
    from lists
    inner join ranked on lists.profile_id = ranked.profile_id
    left join held on ranked.rep_id = held.rep_id and lists.certification = held.certification
    group by lists.profile_id, lists.list, ranked.rep_id, ranked.value_rank
    having count(*) = count(held.rep_id)
)

select distinct
    accounts.account_id,
    holders.rep_id
from asking
inner join accounts on asking.account_id = accounts.account_id
cross join settings
inner join holders
    on accounts.profile_id = holders.profile_id
    and asking.list = holders.list
    and settings.candidates_per_account >= holders.value_rank
