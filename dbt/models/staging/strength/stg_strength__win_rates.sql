select * from {{ source('strength', 'profile_win_rates') }}
