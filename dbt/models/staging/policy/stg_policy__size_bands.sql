select
    name as size_band,
    min_employees
from {{ source('policy', 'size_bands') }}
