-- Exports of low-carbon products by sector, the world's and China's, beside those of all sectors:
-- what figures 3 and 4 are made of.
with

    exports as (select * from {{ ref('int_low_carbon_trade_grouped') }} where flow = 'export'),

    missing_codes as (select * from {{ ref('int_missing_codes_noted') }}),

    mixed as (

        select * from {{ ref('reasons') }} where family = 'figure_note' and code = 'mixed_sources'

    ),

    with_totals as (

        select hs_treatment, source, publisher, year, sector, economy_iso3, product_code, value_usd
        from exports
        union all
        select
            hs_treatment,
            source,
            publisher,
            year,
            'all sectors' as sector,
            economy_iso3,
            product_code,
            value_usd
        from exports

    ),

    summed as (

        select
            hs_treatment,
            source,
            year,
            sector,
            {{ exact_sum('value_usd') }} as world_usd,
            {{ exact_sum("case when economy_iso3 = 'CHN' then value_usd end") }} as china_usd,
            cast(count(distinct product_code) as integer) as products_landed,
            {{ publishers_counted() }}
        from with_totals
        group by hs_treatment, source, year, sector

    ),

    all_sectors as (select * from summed where sector = 'all sectors'),

    final as (

        select
            summed.hs_treatment,
            summed.source,
            summed.year,
            summed.sector,
            summed.world_usd,
            summed.china_usd,
            all_sectors.world_usd as world_all_sectors_usd,
            all_sectors.china_usd as china_all_sectors_usd,
            summed.products_landed,
            nullif(
                concat_ws('; ', missing_codes.note_code, {{ if_mixed('summed', 'mixed.code') }}), ''
            ) as note_code,
            nullif(
                concat_ws(
                    '; ',
                    missing_codes.note,
                    {{ if_mixed('summed', mixed_sources_noted('summed', 'mixed')) }}
                ),
                ''
            ) as note
        from summed
        cross join mixed
        inner join
            all_sectors
            on summed.hs_treatment = all_sectors.hs_treatment
            and summed.source = all_sectors.source
            and summed.year = all_sectors.year
        left join
            missing_codes
            on summed.hs_treatment = missing_codes.hs_treatment
            and summed.source = missing_codes.source
            and summed.year = missing_codes.year
            and summed.sector = missing_codes.sector

    )

select *
from final
