-- The products of both lists, once each, with what each list says of them. Lithium compounds stand
-- in both.
with

    low_carbon as (select * from {{ ref('stg_lists__low_carbon_products') }}),

    minerals as (select * from {{ ref('transition_minerals') }} where is_in_report_list),

    final as (

        select
            coalesce(low_carbon.product_code, minerals.product_code) as product_code,
            coalesce(low_carbon.list_revision, 'H5') as hs_revision,
            coalesce(low_carbon.description, minerals.description) as description,
            low_carbon.sector,
            low_carbon.technology,
            low_carbon.product_code is not null as is_low_carbon,
            minerals.mineral as transition_mineral,
            minerals.stage as mineral_stage,
            coalesce(minerals.is_in_ores_scope, false) as is_in_ores_scope,
            coalesce(low_carbon.is_dual_use, false) as is_dual_use,
            -- the lists that name the product, separated by semicolons
            concat_ws(
                '; ',
                case when low_carbon.in_apec_2012 then 'APEC 2012' end,
                case when low_carbon.in_world_bank_2008 then 'World Bank 2008' end,
                case
                    low_carbon.in_glachant_dussaux_dechezlepretre
                    when 'yes'
                    then 'Glachant, Dussaux and Dechezlepretre'
                    when 'probable'
                    then 'Glachant, Dussaux and Dechezlepretre (probable)'
                end,
                case when low_carbon.in_pigato_2020 then 'Pigato et al. 2020' end,
                case when low_carbon.is_imf_addition then 'IMF addition' end,
                case when low_carbon.is_own_list then 'own list' end,
                case
                    when minerals.product_code is not null then 'World Bank transition minerals'
                end
            ) as list_sources,
            coalesce(low_carbon.evidence, 'sourced') as evidence,
            coalesce(low_carbon.evidence_note, minerals.evidence_note) as evidence_note
        from low_carbon
        full outer join minerals on low_carbon.product_code = minerals.product_code

    )

select *
from final
