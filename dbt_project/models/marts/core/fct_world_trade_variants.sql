-- Each economy's trade with the World on every HS treatment, from each source. UN Comtrade gives
-- it as a row of its own; BACI's is the sum over the partners.
with

    comtrade as (

        select
            'comtrade' as source,
            hs_treatment,
            year,
            reporter_iso3 as economy_iso3,
            flow,
            product_code,
            sum(case when partner_kind = 'world' then value_usd end) as world_value,
            sum(case when partner_kind = 'economy' then value_usd end) as allocated_value,
            sum(case when partner_kind = 'unallocated' then value_usd end) as not_specified_value
        from {{ ref('int_comtrade_flows_classified') }}
        where reporter_kind = 'economy'
        group by hs_treatment, year, reporter_iso3, flow, product_code

    ),

    baci_flows as (select * from {{ ref('int_baci_flows_classified') }}),

    baci_sides as (

        select
            hs_treatments,
            year,
            exporter as economy_iso3,
            'export' as flow,
            product_code,
            importer as partner,
            value_usd
        from baci_flows
        where {{ is_economy('exporter') }}
        union all
        select
            hs_treatments,
            year,
            importer as economy_iso3,
            'import' as flow,
            product_code,
            exporter as partner,
            value_usd
        from baci_flows
        where {{ is_economy('importer') }}

    ),

    baci_summed as (

        select
            hs_treatments,
            year,
            economy_iso3,
            flow,
            product_code,
            sum(case when {{ is_economy('partner') }} then value_usd end) as allocated_value,
            sum(case when not {{ is_economy('partner') }} then value_usd end) as not_specified_value
        from baci_sides
        group by hs_treatments, year, economy_iso3, flow, product_code

    ),

    treatments as (

        select distinct hs_treatments, hs_treatment from {{ ref('int_hs_codes_mapped') }}

    ),

    united as (

        select *
        from comtrade
        union all
        select
            'baci' as source,
            treatments.hs_treatment,
            baci_summed.year,
            baci_summed.economy_iso3,
            baci_summed.flow,
            baci_summed.product_code,
            cast(null as {{ type_money() }}) as world_value,
            baci_summed.allocated_value,
            baci_summed.not_specified_value
        from baci_summed
        inner join treatments on baci_summed.hs_treatments = treatments.hs_treatments

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
