with

    variants as (select * from {{ ref('fct_trade_flow_variants') }}),

    choices as (select * from {{ ref('int_run_choices') }}),

    final as (

        select variants.*
        from variants
        inner join
            choices
            on variants.basis = choices.basis
            and variants.hs_treatment = choices.hs_treatment

    )

select *
from final
