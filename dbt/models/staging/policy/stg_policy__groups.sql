select * from {{ source('policy', 'groups') }}
