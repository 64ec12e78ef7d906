-- The sector's products that have no code in the year's HS revision, as a note: they explain why a
-- series jumps where the nomenclature changes. The run's own choice of sources (`chosen`) lacks a
-- product that has no code in any of them.
with

    without_code as (select * from {{ ref('int_products_without_code') }}),

    products as (select * from {{ ref('dim_product') }} where is_low_carbon),

    reasons as (

        select *
        from {{ ref('reasons') }}
        where family = 'figure_note' and code = 'no_code_in_revision'

    ),

    sources_of_year as (

        select year, count(*) as source_count
        from {{ ref('int_hs_revisions_reported') }}
        group by year

    ),

    by_source as (

        select hs_treatment, source, year, revision_name, product_code
        from without_code
        union all
        select
            without_code.hs_treatment,
            'chosen' as source,
            without_code.year,
            max(without_code.revision_name) as revision_name,
            without_code.product_code
        from without_code
        inner join sources_of_year on without_code.year = sources_of_year.year
        group by
            without_code.hs_treatment,
            without_code.year,
            without_code.product_code,
            sources_of_year.source_count
        having count(*) = sources_of_year.source_count

    ),

    listed as (

        select
            by_source.hs_treatment,
            by_source.source,
            by_source.year,
            products.sector,
            max(by_source.revision_name) as revision_name,
            {{ joined_texts('by_source.product_code', ', ') }} as product_codes
        from by_source
        inner join products on by_source.product_code = products.product_code
        group by by_source.hs_treatment, by_source.source, by_source.year, products.sector

    ),

    final as (

        select
            listed.hs_treatment,
            listed.source,
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
