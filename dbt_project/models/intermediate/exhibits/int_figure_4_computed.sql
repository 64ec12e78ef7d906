-- Figure 4: China's exports of low-carbon products by sector, with their share of the sector's
-- world exports.
with

    by_sector as (select * from {{ ref('int_exports_by_sector_summed') }}),

    measures as (

        select *, 'China exports' as measure, china_usd / 1e9 as value, 'billion USD' as unit
        from by_sector
        union all
        select
            *,
            'sector share of China exports' as measure,
            100 * china_usd / china_all_sectors_usd as value,
            'percent' as unit
        from by_sector
        where sector <> 'all sectors' and china_all_sectors_usd > 0
        union all
        select
            *,
            'share of world exports' as measure,
            100 * china_usd / world_usd as value,
            'percent' as unit
        from by_sector
        where world_usd > 0

    ),

    final as (

        select
            year,
            sector,
            measure,
            value,
            unit,
            hs_treatment,
            source,
            products_landed,
            note_code,
            note
        from measures
        where value is not null

    )

select *
from final
