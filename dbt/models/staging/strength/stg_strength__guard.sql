select * from {{ source('strength', 'strength_guard') }}
