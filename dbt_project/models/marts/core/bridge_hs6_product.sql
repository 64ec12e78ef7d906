with

    concordance as (select * from {{ ref('int_hs_concordance') }}),

    final as (

        select
            hs_revision,
            hs6_code,
            product_code,
            {{ as_float('weight') }} as weight,
            relation,
            weight_rule,
            source
        from concordance

    )

select *
from final
