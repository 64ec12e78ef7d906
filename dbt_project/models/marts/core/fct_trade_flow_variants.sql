with

    flows as (select * from {{ ref('int_trade_flows_by_basis') }}),

    final as (select {{ trade_flow_measures('flows') }} from flows)

select *
from final
