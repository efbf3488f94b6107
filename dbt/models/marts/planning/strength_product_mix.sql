-- What each industry asks for, and the margin of what it gets.
{{ config(materialized='view') }}

select
    mix.industry,
    mix.product,
    cast(mix.share as double precision) as share,
    cast(margins.margin_rate as double precision) as margin_rate
from {{ ref('int_industries__product_mix') }} as mix
left join {{ ref('int_products__margins') }} as margins on mix.product = margins.product
