select * from {{ source('policy', 'seasons') }}
