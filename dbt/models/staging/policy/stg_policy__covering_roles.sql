select * from {{ source('policy', 'covering_roles') }}
