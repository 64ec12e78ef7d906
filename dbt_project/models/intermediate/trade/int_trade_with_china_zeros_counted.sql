{#-
    Trade with China in levels where no trade counts as zero, long form: what a Poisson regression
    needs. An economy-year without a flow is zero trade, not missing, when the economy existed that
    year and the basis would have recorded the flow:

    china_reported    China reported trade in the list, in that direction, that year
    partner_reported  the same of some partner, and the economy itself reported that direction
                      that year, for any listed product
    reconciled        BACI has China's trade in the list, in that direction, that year;
                      it leaves out flows of zero value

    Everything else stays missing.
-#}
with

    trade as (select * from {{ ref('int_trade_with_china') }} where right(variable, 5) = '_kusd'),

    recorded as (select distinct basis, hs_treatment, mineral_scope, year, variable from trade),

    existing as (

        select distinct panel_rows.iso3, panel_rows.year
        from {{ ref('int_panel_rows') }} as panel_rows
        inner join
            {{ ref('comtrade_economy_codes') }} as codes
            on panel_rows.iso3 = codes.iso3
            and panel_rows.year >= codes.start_year
            and panel_rows.year <= coalesce(codes.end_year, panel_rows.year)

    ),

    reported as (

        select distinct reporter_iso3 as iso3, year, flow
        from {{ ref('int_trade_flows_classified') }}
        where source = 'comtrade' and reporter_kind = 'economy'

    ),

    expected as (

        select
            recorded.basis,
            recorded.hs_treatment,
            recorded.mineral_scope,
            existing.iso3,
            recorded.year,
            recorded.variable
        from recorded
        inner join existing on recorded.year = existing.year
        left join
            reported
            on existing.iso3 = reported.iso3
            and existing.year = reported.year
            and reported.flow = case
                when recorded.variable like '%imports_from_china%' then 'import' else 'export'
            end
        where recorded.basis <> 'partner_reported' or reported.iso3 is not null

    ),

    zeros as (

        select expected.*, cast(0 as {{ type_double() }}) as value
        from expected
        left join
            trade
            on expected.basis = trade.basis
            and expected.hs_treatment = trade.hs_treatment
            and expected.mineral_scope = trade.mineral_scope
            and expected.iso3 = trade.iso3
            and expected.year = trade.year
            and expected.variable = trade.variable
        where trade.iso3 is null

    ),

    united as (

        select basis, hs_treatment, mineral_scope, iso3, year, variable, value
        from trade
        union all
        select basis, hs_treatment, mineral_scope, iso3, year, variable, value
        from zeros

    ),

    final as (

        select
            basis,
            hs_treatment,
            mineral_scope,
            iso3,
            year,
            replace(variable, '_kusd', '_or_zero_kusd') as variable,
            value
        from united

    )

select *
from final
