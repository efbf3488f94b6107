select
    revenue_type,
    month_number,
    share
from {{ source('policy', 'seasons') }}
