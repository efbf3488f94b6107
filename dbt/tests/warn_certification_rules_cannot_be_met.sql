with

asked as (select * from {{ ref('int_accounts__certificates') }}),

held as (
    select certificates.certification
    from {{ ref('int_reps__certificates') }} as certificates
    inner join {{ ref('coverage_coverers') }} as coverers
        on certificates.rep_id = coverers.rep_id
        and coverers.coverer_type = 'rep'
),

unmet as (
    select
        certification,
        mode,
        account_id,
        row_number() over (partition by certification, mode order by account_id) as place
    from asked
    where certification not in (select certification from held)
),

named as (
    select
        certification,
        mode,
        count(*) as accounts,
        {{ dbt.listagg("case when place <= 5 then account_id end", "', '", "order by account_id") }} as examples
    from unmet
    group by certification, mode
)

select
    certification,
    'no rep holds ''' || certification || ''', which a ' || mode || ' rule asks for '
    || cast(accounts as varchar) || case when accounts = 1 then ' account (' else ' accounts (' end
    || examples || case when accounts > 5 then ', ...' else '' end || '): '
    || case mode
        when 'hard' then 'no rep may cover them. Certify somebody, correct the name or the dates in HR, '
            || 'or make the rule soft under coverage.certifications.'
        else 'whoever covers them costs the rule''s loss_rate. Certify somebody, correct the name or the '
            || 'dates in HR, or drop the rule under coverage.certifications.'
    end as sentence
from named
order by mode, certification
