-- Products that have no code in the HS revision of a source and year, by treatment: their trade is
-- hidden in other codes. A series that lacks it must say so, and it is no gap in what has landed.
-- as_reported sees a product only under its own number; harmonised under any code with a weight;
-- strict under a code that is the product, whole and alone.
with

    revisions as (

        select reported.source, reported.year, reported.hs_revision, revisions.name as revision_name
        from {{ ref('int_hs_revisions_reported') }} as reported
        inner join
            {{ ref('hs_revisions') }} as revisions on reported.hs_revision = revisions.hs_revision

    ),

    products as (select product_code from {{ ref('int_listed_products') }}),

    treatments as (select distinct hs_treatment from {{ ref('int_hs_codes_mapped') }}),

    -- as_reported maps a product's number in every revision; the concordance knows in which of
    -- them the number exists
    with_code as (

        select distinct mapped.hs_treatment, mapped.hs_revision, mapped.product_code
        from {{ ref('int_hs_codes_mapped') }} as mapped
        inner join
            {{ ref('int_hs_concordance') }} as concordance
            on mapped.hs_revision = concordance.hs_revision
            and mapped.hs6_code = concordance.hs6_code
            and mapped.product_code = concordance.product_code

    ),

    final as (

        select
            treatments.hs_treatment,
            revisions.source,
            revisions.year,
            revisions.hs_revision,
            revisions.revision_name,
            products.product_code
        from revisions
        cross join products
        cross join treatments
        left join
            with_code
            on treatments.hs_treatment = with_code.hs_treatment
            and revisions.hs_revision = with_code.hs_revision
            and products.product_code = with_code.product_code
        where with_code.product_code is null

    )

select *
from final
