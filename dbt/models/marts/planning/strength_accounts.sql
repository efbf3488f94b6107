-- Accounts as strengths see them: what they are, and whose they are in the CRM.
{{ config(materialized='view') }}

select
    account_id,
    owner_rep_id,
    industry,
    region as geography,
    size_band
from {{ ref('int_accounts__segmented') }}
