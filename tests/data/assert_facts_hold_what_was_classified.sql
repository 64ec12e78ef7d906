{{ config(meta={'dagster': {'ref': {'name': 'fct_trade_flow_variants'}}}) }}
-- Parts = wholes: each basis and treatment sums in the facts to what was classified between
-- different economies, to the last cent, and the default facts to their own variant.
with

    classified as (

        select
            case
                when source = 'baci'
                then 'reconciled'
                when reporter_iso3 = 'CHN'
                then 'china_reported'
                else 'partner_reported'
            end as basis,
            hs_treatment,
            sum(value_usd) as value_usd
        from {{ ref('int_trade_flows_classified') }}
        where
            reporter_kind = 'economy'
            and partner_kind = 'economy'
            and (source = 'baci' or reporter_iso3 = 'CHN' or partner_iso3 = 'CHN')
            and exporter_iso3 <> importer_iso3
        group by 1, 2

    ),

    facts as (

        select basis, hs_treatment, sum({{ as_money('value_usd') }}) as value_usd
        from {{ ref('fct_trade_flow_variants') }}
        group by 1, 2

    ),

    default_facts as (

        select basis, hs_treatment, sum({{ as_money('value_usd') }}) as value_usd
        from {{ ref('fct_trade_flow') }}
        group by 1, 2

    )

select
    classified.basis,
    classified.hs_treatment,
    classified.value_usd,
    facts.value_usd as facts_value_usd,
    default_facts.value_usd as default_value_usd
from classified
full outer join
    facts on classified.basis = facts.basis and classified.hs_treatment = facts.hs_treatment
left join
    default_facts
    on facts.basis = default_facts.basis
    and facts.hs_treatment = default_facts.hs_treatment
where
    classified.value_usd is null
    or facts.value_usd is null
    or abs(classified.value_usd - facts.value_usd)
    > greatest(0.01, 1e-15 * abs({{ as_float("classified.value_usd") }}))
    or default_facts.value_usd <> facts.value_usd
