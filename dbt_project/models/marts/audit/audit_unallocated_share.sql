-- How much of world trade in the listed products names no partner, and how much more groups of
-- economies report beside their members.
with

    world_trade as (

        select
            source,
            year,
            flow,
            {{ exact_sum('value_usd') }} as value_usd,
            {{ exact_sum('allocated_usd') }} as allocated_usd,
            {{ exact_sum('unallocated_usd') }} as unallocated_usd
        from {{ ref('fct_world_trade') }}
        group by source, year, flow

    ),

    group_reporters as (

        select flows.year, flows.flow, {{ as_float('sum(flows.value_usd)') }} as group_reporters_usd
        from {{ ref('int_trade_flows_classified') }} as flows
        inner join
            {{ ref('int_run_choices') }} as choices on flows.hs_treatment = choices.hs_treatment
        where flows.reporter_kind = 'group' and flows.partner_kind = 'world'
        group by flows.year, flows.flow

    ),

    final as (

        select
            world_trade.source,
            world_trade.year,
            world_trade.flow,
            world_trade.value_usd,
            world_trade.allocated_usd,
            world_trade.unallocated_usd,
            case
                when world_trade.value_usd > 0
                then world_trade.unallocated_usd / world_trade.value_usd
            end as unallocated_share,
            case
                when world_trade.source = 'comtrade'
                then coalesce(group_reporters.group_reporters_usd, 0)
                else 0
            end as group_reporters_usd
        from world_trade
        left join
            group_reporters
            on world_trade.year = group_reporters.year
            and world_trade.flow = group_reporters.flow

    )

select *
from final
