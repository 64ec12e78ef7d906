-- Grain: one row per year and product that the exporter sold to the importer, on the run's HS
-- treatment. china_reported_usd is what China's customs say of it, partner_reported_usd what the
-- partner says, reconciled_usd what BACI makes of both. Never add the three: they hold the same
-- trade. The first two are empty for pairs without China. Economies are codes or names.
create macro trade_between(exporter, importer) as table
select
    flow.year,
    flow.product_code,
    max(product.short_name) as short_name,
    sum(case when flow.basis = 'china_reported' then flow.value_usd end) as china_reported_usd,
    sum(case when flow.basis = 'partner_reported' then flow.value_usd end) as partner_reported_usd,
    sum(case when flow.basis = 'reconciled' then flow.value_usd end) as reconciled_usd
from marts.fct_trade_flow_variants as flow
join marts.dim_product as product on flow.product_code = product.product_code
where
    flow.exporter_iso3 = iso3_of(exporter)
    and flow.importer_iso3 = iso3_of(importer)
    and flow.hs_treatment = (select choices.hs_treatment from marts.run_choices as choices)
group by flow.year, flow.product_code
order by flow.year desc, reconciled_usd desc nulls last, flow.product_code
