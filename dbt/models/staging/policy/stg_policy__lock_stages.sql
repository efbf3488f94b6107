select * from {{ source('policy', 'lock_stages') }}
