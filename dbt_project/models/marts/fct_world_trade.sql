-- UN Comtrade gives each economy's trade with the World as a row of its own; BACI's is the sum over its partners. The two are never
-- mixed within a year and flow: UN Comtrade counts where any economy has reported any listed product, BACI elsewhere. A product that
-- UN Comtrade lacks in such a year is missing, not filled from the narrower source.
with

flows as (

    select flows.*
    from {{ ref('int_trade_flows_classified') }} as flows
    inner join {{ ref('int_run_choices') }} as choices
        on flows.hs_treatment = choices.hs_treatment
    where flows.reporter_kind = 'economy' or flows.source = 'baci'

),

comtrade as (

    select
        source,
        year,
        reporter_iso3 as economy_iso3,
        flow,
        product_code,
        sum(case when partner_kind = 'world' then value_usd end) as world_value,
        sum(case when partner_kind = 'economy' then value_usd end) as allocated_value,
        sum(case when partner_kind = 'unallocated' then value_usd end) as not_specified_value
    from flows
    where source = 'comtrade'
    group by source, year, reporter_iso3, flow, product_code

),

baci_sides as (

    select
        source,
        year,
        exporter_iso3 as economy_iso3,
        'export' as flow,
        product_code,
        case when partner_kind = 'economy' then value_usd end as allocated_value,
        case when partner_kind <> 'economy' then value_usd end as not_specified_value
    from flows
    where source = 'baci' and reporter_kind = 'economy'
    union all
    select
        source,
        year,
        importer_iso3 as economy_iso3,
        'import' as flow,
        product_code,
        case when reporter_kind = 'economy' then value_usd end as allocated_value,
        case when reporter_kind <> 'economy' then value_usd end as not_specified_value
    from flows
    where source = 'baci' and partner_kind = 'economy'

),

united as (

    select * from comtrade
    union all
    select
        source,
        year,
        economy_iso3,
        flow,
        product_code,
        cast(null as {{ type_money() }}) as world_value,
        sum(allocated_value) as allocated_value,
        sum(not_specified_value) as not_specified_value
    from baci_sides
    group by source, year, economy_iso3, flow, product_code

),

preferred as (

    select
        *,
        max(case when source = 'comtrade' then 1 else 0 end) over (partition by year, flow) as has_comtrade
    from united

),

final as (

    select
        year,
        economy_iso3,
        flow,
        product_code,
        {{ as_float('coalesce(world_value, coalesce(allocated_value, 0) + coalesce(not_specified_value, 0))') }} as value_usd,
        source,
        {{ as_float('coalesce(allocated_value, 0)') }} as allocated_usd,
        -- areas not elsewhere specified, bunkers, free zones, and what the World holds beyond all partners
        {{ as_float('coalesce(world_value, coalesce(allocated_value, 0) + coalesce(not_specified_value, 0)) - coalesce(allocated_value, 0)') }} as unallocated_usd
    from preferred
    where source = 'comtrade' or has_comtrade = 0

)

select * from final
