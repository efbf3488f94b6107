-- Everyone in sales, with who can cover accounts in the plan.
{{ config(materialized='view') }}

with

active as (select distinct rep_id from {{ ref('int_reps__months') }})

select
    employees.rep_id,
    employees.group_id,
    active.rep_id is not null as is_active,
    employees.prior_industries
from {{ ref('stg_hr__employees') }} as employees
left join active on employees.rep_id = active.rep_id
