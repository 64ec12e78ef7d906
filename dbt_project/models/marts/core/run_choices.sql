with

    choices as (select * from {{ ref('int_run_choices') }}),

    final as (

        select
            basis,
            hs_treatment,
            mineral_scope,
            income_vintage,
            price_base_year,
            price_outlier_rule,
            standardisation_first_year,
            standardisation_last_year,
            basis_setting,
            years_with_both_directions,
            cast({{ var('minimum_product_share') }} as double) as minimum_product_share,
            is_synthetic
        from choices

    )

select *
from final
