with

    flows as (select * from {{ ref('int_trade_flows_by_basis') }}),

    choices as (select * from {{ ref('int_run_choices') }}),

    final as (

        select {{ trade_flow_measures('flows') }}
        from flows
        inner join
            choices on flows.basis = choices.basis and flows.hs_treatment = choices.hs_treatment

    )

select *
from final
