-- The concordance of the listed products. A product that the concordance does not know (from a
-- list of the user's own) counts under its own number in every revision, marked as such.
with

    listed as (select product_code from {{ ref('int_listed_products') }}),

    concordance as (select * from {{ ref('hs_concordance') }}),

    known as (

        select concordance.*
        from concordance
        inner join listed on concordance.product_code = listed.product_code

    ),

    unknown as (

        select listed.product_code
        from listed
        left join concordance on listed.product_code = concordance.product_code
        where concordance.product_code is null

    ),

    final as (

        select hs_revision, hs6_code, product_code, relation, weight, weight_rule, source
        from known
        union all
        select
            revisions.hs_revision,
            unknown.product_code as hs6_code,
            unknown.product_code,
            '1:1' as relation,
            1 as weight,
            'not in the concordance: taken under its own number in every revision' as weight_rule,
            'none' as source
        from unknown
        cross join {{ ref('hs_revisions') }} as revisions

    )

select *
from final
