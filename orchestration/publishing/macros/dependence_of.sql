-- Grain: one row per year, mineral or technology, and supplier of the importer, the strongest
-- dependence first. Reconciled basis; the stages of a mineral together; trade within the European
-- Union counts. The importer is a code or a name, or EUU, the Union as one.
create macro dependence_of(importer) as table
select
    dependence.year,
    dependence.market_kind,
    dependence.market,
    dependence.supplier_iso3,
    dependence.value_usd,
    dependence.share_of_imports,
    dependence.share_of_exports,
    dependence.asymmetry,
    dependence.exports_of_others_per_loss
from marts.supply_dependence as dependence
where
    dependence.importer_iso3 = case when importer = 'EUU' then 'EUU' else iso3_of(importer) end
    and dependence.market_kind in ('mineral', 'technology')
    and dependence.mineral_stage = 'all'
    and dependence.intra_eu_trade = 'kept'
order by
    dependence.year desc,
    dependence.share_of_imports desc,
    dependence.value_usd desc,
    dependence.market,
    dependence.supplier_iso3
