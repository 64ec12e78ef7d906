with

    variants as (select * from {{ ref('panel_country_year_variants') }}),

    choices as (select * from {{ ref('int_run_choices') }}),

    final as (

        select variants.*
        from variants
        inner join
            choices
            on variants.basis = choices.basis
            and variants.hs_treatment = choices.hs_treatment
            and variants.mineral_scope = choices.mineral_scope

    )

select *
from final
