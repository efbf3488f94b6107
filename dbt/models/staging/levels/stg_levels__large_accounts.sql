select * from {{ source('levels', 'large_accounts') }}
