{#-
    Which product a six-digit code of each HS revision belongs to, under each of the three
    treatments.

    harmonised   the code followed through splits and merges; a code wider than the product counts
                 with its weight (the report's way: its 2022 holds the successors of 854140)
    as_reported  the list's own code, in whatever revision it is reported
    strict       only codes that are the product, whole and alone

    Most products are made up of the same codes by all three: `hs_treatments` are those that agree
    with a row's on its product in its revision, so that a flow is summed once for all of them. They
    are given by their initials: rows are grouped by them.
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

    united as (

        select hs_treatment, hs_revision, hs6_code, product_code, {{ as_float('weight') }} as weight
        from as_reported
        union all
        select hs_treatment, hs_revision, hs6_code, product_code, {{ as_float('weight') }} as weight
        from harmonised
        union all
        select hs_treatment, hs_revision, hs6_code, product_code, {{ as_float('weight') }} as weight
        from strict

    ),

    -- what makes up a product in a revision, as one text: its codes with their weights
    made_up as (

        select
            hs_treatment,
            hs_revision,
            product_code,
            {{ joined_texts(
                "hs6_code || ' ' || cast(weight as " ~ dbt.type_string() ~ ")", ', '
            ) }} as codes
        from united
        group by hs_treatment, hs_revision, product_code

    ),

    alike as (

        select
            hs_revision,
            product_code,
            codes,
            {{ joined_texts('left(hs_treatment, 1)', '') }} as hs_treatments
        from made_up
        group by hs_revision, product_code, codes

    ),

    final as (

        select
            united.hs_treatment,
            united.hs_revision,
            united.hs6_code,
            united.product_code,
            united.weight,
            alike.hs_treatments
        from united
        inner join
            made_up
            on united.hs_treatment = made_up.hs_treatment
            and united.hs_revision = made_up.hs_revision
            and united.product_code = made_up.product_code
        inner join
            alike
            on made_up.hs_revision = alike.hs_revision
            and made_up.product_code = alike.product_code
            and made_up.codes = alike.codes

    )

select *
from final
