select * from {{ source('strength', 'effects') }}
