-- Products that have no code in the HS revision in force, by year and treatment: their trade is
-- hidden in other codes, and a series that lacks it must say so. as_reported sees a product only
-- under its own number; harmonised under any code with a weight; strict under a code that is the
-- product, whole and alone.
with

    revisions as (

        select
            hs_revision,
            name,
            first_year,
            lead(first_year, 1, 9999) over (order by first_year) as next_first_year
        from {{ ref('hs_revisions') }}

    ),

    years as (select distinct year from {{ ref('int_trade_flows_classified') }}),

    products as (select product_code from {{ ref('int_listed_products') }}),

    concordance as (select * from {{ ref('int_hs_concordance') }}),

    seen as (

        select 'as_reported' as hs_treatment, hs_revision, product_code
        from concordance
        where hs6_code = product_code
        union
        select 'harmonised' as hs_treatment, hs_revision, product_code
        from concordance
        where weight > 0
        union
        select 'strict' as hs_treatment, hs_revision, product_code
        from concordance
        where relation = '1:1'

    ),

    treatments as (select distinct hs_treatment from seen),

    final as (

        select
            treatments.hs_treatment,
            years.year,
            revisions.hs_revision,
            revisions.name as revision_name,
            products.product_code
        from years
        inner join
            revisions
            on years.year >= revisions.first_year
            and years.year < revisions.next_first_year
        cross join products
        cross join treatments
        left join
            seen
            on treatments.hs_treatment = seen.hs_treatment
            and revisions.hs_revision = seen.hs_revision
            and products.product_code = seen.product_code
        where seen.product_code is null

    )

select *
from final
