-- Grain: one row per year and stage of processing of a transition mineral. The world's largest
-- supplier, shares of the largest, of three and of China, and the Herfindahl-Hirschman index with
-- its bounds; the stage all is the stages together. Trade, not production; reconciled basis; trade
-- within the European Union counts.
create macro mineral_supply(mineral) as table
select
    supply.year,
    supply.mineral_stage,
    supply.allocated_usd,
    supply.suppliers,
    supply.largest_supplier_iso3,
    supply.top_1_share,
    supply.top_3_share,
    supply.china_share,
    supply.hhi,
    supply.hhi_lower_bound,
    supply.hhi_upper_bound
from marts.supply_concentration as supply
where
    supply.market_kind = 'mineral'
    and supply.market = (
        select coalesce(
            min(known.transition_mineral),
            error('No mineral ' || mineral || ' in marts.dim_product.transition_mineral.')
        )
        from marts.dim_product as known
        where known.transition_mineral = lower(mineral)
    )
    and supply.side = 'export'
    and supply.intra_eu_trade = 'kept'
order by supply.year desc, supply.mineral_stage
