select * from {{ source('policy', 'overrides') }}
