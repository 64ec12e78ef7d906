-- Each economy's trade with the World on every HS treatment, from each source. UN Comtrade gives
-- it as a row of its own; BACI's is the sum over the partners.
with

    flows as (

        select *
        from {{ ref('int_trade_flows_classified') }}
        where reporter_kind = 'economy' or source = 'baci'

    ),

    comtrade as (

        select
            source,
            hs_treatment,
            year,
            reporter_iso3 as economy_iso3,
            flow,
            product_code,
            sum(case when partner_kind = 'world' then value_usd end) as world_value,
            sum(case when partner_kind = 'economy' then value_usd end) as allocated_value,
            sum(case when partner_kind = 'unallocated' then value_usd end) as not_specified_value
        from flows
        where source = 'comtrade'
        group by source, hs_treatment, year, reporter_iso3, flow, product_code

    ),

    baci_sides as (

        select
            source,
            hs_treatment,
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
            hs_treatment,
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

        select *
        from comtrade
        union all
        select
            source,
            hs_treatment,
            year,
            economy_iso3,
            flow,
            product_code,
            cast(null as {{ type_money() }}) as world_value,
            sum(allocated_value) as allocated_value,
            sum(not_specified_value) as not_specified_value
        from baci_sides
        group by source, hs_treatment, year, economy_iso3, flow, product_code

    ),

    final as (

        select
            year,
            economy_iso3,
            flow,
            product_code,
            cast(
                coalesce(
                    world_value, coalesce(allocated_value, 0) + coalesce(not_specified_value, 0)
                ) as {{ type_double() }}
            ) as value_usd,
            hs_treatment,
            source,
            {{ as_float('coalesce(allocated_value, 0)') }} as allocated_usd,
            -- areas not elsewhere specified, bunkers, free zones, and what the World holds beyond
            -- all partners
            cast(
                coalesce(
                    world_value, coalesce(allocated_value, 0) + coalesce(not_specified_value, 0)
                )
                - coalesce(allocated_value, 0) as {{ type_double() }}
            ) as unallocated_usd
        from united

    )

select *
from final
