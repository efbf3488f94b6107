select * from {{ source('strength', 'rep_strengths') }}
