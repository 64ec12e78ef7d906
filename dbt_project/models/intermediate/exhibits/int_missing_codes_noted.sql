-- The sector's products that have no code in the year's HS revision, as a note: they explain why a
-- series jumps where the nomenclature changes.
with

    without_code as (select * from {{ ref('int_products_without_code') }}),

    products as (select * from {{ ref('dim_product') }} where is_low_carbon),

    reasons as (

        select *
        from {{ ref('reasons') }}
        where family = 'figure_note' and code = 'no_code_in_revision'

    ),

    listed as (

        select
            without_code.hs_treatment,
            without_code.year,
            products.sector,
            max(without_code.revision_name) as revision_name,
            {{ dbt.listagg(
                'without_code.product_code', "', '", 'order by without_code.product_code'
            ) }} as product_codes
        from without_code
        inner join products on without_code.product_code = products.product_code
        group by without_code.hs_treatment, without_code.year, products.sector

    ),

    final as (

        select
            listed.hs_treatment,
            listed.year,
            listed.sector,
            reasons.code as note_code,
            {{ filled(
                'reasons.text_en',
                {'revision': 'listed.revision_name', 'products': 'listed.product_codes'}
            ) }} as note
        from listed
        cross join reasons

    )

select *
from final
