{#-
    Trade with China where no trade counts as zero: what a Poisson regression needs. An economy-year
    without a flow is zero trade, not missing, when the economy existed that year and the basis
    would have recorded the flow:

    china_reported    China reported trade in the list, in that direction, that year
    partner_reported  the same of some partner, and the economy itself reported that direction
                      that year, for any listed product
    reconciled        BACI has China's trade in the list, in that direction, that year;
                      it leaves out flows of zero value

    Everything else stays missing.
-#}
{%- set series = ['basis', 'hs_treatment', 'mineral_scope', 'product_list', 'direction'] -%}

with

    trade as (select * from {{ ref('int_trade_with_china') }}),

    recorded as (select distinct {{ series | join(', ') }}, year from trade),

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

        select distinct reporter_iso3 as iso3, year, flow as direction
        from {{ ref('int_comtrade_flows_classified') }}
        where reporter_kind = 'economy'

    ),

    zeros as (

        select
            {% for column in series %} recorded.{{ column }}, {% endfor %}
            existing.iso3,
            recorded.year,
            cast(null as {{ type_double() }}) as value_kusd
        from recorded
        inner join existing on recorded.year = existing.year
        left join
            reported
            on existing.iso3 = reported.iso3
            and existing.year = reported.year
            and recorded.direction = reported.direction
        where recorded.basis <> 'partner_reported' or reported.iso3 is not null

    ),

    united as (

        select {{ series | join(', ') }}, iso3, year, value_kusd
        from trade
        union all
        select {{ series | join(', ') }}, iso3, year, value_kusd
        from zeros

    ),

    -- a recorded flow counts as recorded, even where a publisher's error made it negative
    final as (

        select {{ series | join(', ') }}, iso3, year, coalesce(max(value_kusd), 0) as value_kusd
        from united
        group by {{ series | join(', ') }}, iso3, year

    )

select *
from final
