{{ config(meta={'dagster': {'ref': {'name': 'panel_country_year'}}}) }}
-- The panel's trade with China sums to the facts' trade with China in the products of each list.
with

    panel as (

        select
            sum(lct_imports_from_china_kusd) as lct_imports,
            sum(lct_exports_to_china_kusd) as lct_exports,
            sum(mineral_imports_from_china_kusd) as mineral_imports,
            sum(mineral_exports_to_china_kusd) as mineral_exports
        from {{ ref('panel_country_year') }}

    ),

    facts as (

        select
            sum(case when products.is_low_carbon and exporter_iso3 = 'CHN' then value_usd end)
            / 1000 as lct_imports,
            sum(case when products.is_low_carbon and importer_iso3 = 'CHN' then value_usd end)
            / 1000 as lct_exports,
            sum(
                case
                    when {{ mineral_in_scope('products') }} and exporter_iso3 = 'CHN' then value_usd
                end
            )
            / 1000 as mineral_imports,
            sum(
                case
                    when {{ mineral_in_scope('products') }} and importer_iso3 = 'CHN' then value_usd
                end
            )
            / 1000 as mineral_exports
        from {{ ref('fct_trade_flow') }} as flows
        inner join
            {{ ref('dim_product') }} as products on flows.product_code = products.product_code
        where flows.year >= {{ var('panel_first_year') }}

    )

select panel.*, facts.lct_imports as facts_lct_imports, facts.lct_exports as facts_lct_exports
from panel
cross join facts
where
    abs(coalesce(panel.lct_imports, 0) - coalesce(facts.lct_imports, 0)) > 1
    or abs(coalesce(panel.lct_exports, 0) - coalesce(facts.lct_exports, 0)) > 1
    or abs(coalesce(panel.mineral_imports, 0) - coalesce(facts.mineral_imports, 0)) > 1
    or abs(coalesce(panel.mineral_exports, 0) - coalesce(facts.mineral_exports, 0)) > 1
