select * from {{ source('levels', 'company_level') }}
