{#-
    Which product a six-digit code of each HS revision belongs to, under each of the three
    treatments.

    harmonised   the code followed through splits and merges; a code wider than the product counts
                 with its weight (the report's way: its 2022 holds the successors of 854140)
    as_reported  the list's own code, in whatever revision it is reported
    strict       only codes that are the product, whole and alone
-#}
with

    bridge as (select * from {{ ref('int_hs_concordance') }}),

    products as (select product_code from {{ ref('int_listed_products') }}),

    revisions as (select hs_revision from {{ ref('hs_revisions') }}),

    as_reported as (

        select
            'as_reported' as hs_treatment,
            revisions.hs_revision,
            products.product_code as hs6_code,
            products.product_code,
            1 as weight
        from products
        cross join revisions

    ),

    harmonised as (

        select 'harmonised' as hs_treatment, hs_revision, hs6_code, product_code, weight
        from bridge
        where weight > 0

    ),

    strict as (

        select 'strict' as hs_treatment, hs_revision, hs6_code, product_code, 1 as weight
        from bridge
        where relation = '1:1'

    ),

    final as (

        select hs_treatment, hs_revision, hs6_code, product_code, {{ as_float('weight') }} as weight
        from as_reported
        union all
        select hs_treatment, hs_revision, hs6_code, product_code, {{ as_float('weight') }} as weight
        from harmonised
        union all
        select hs_treatment, hs_revision, hs6_code, product_code, {{ as_float('weight') }} as weight
        from strict

    )

select *
from final
