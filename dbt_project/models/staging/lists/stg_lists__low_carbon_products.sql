-- The low-carbon technology list: the user's own where one has landed (LCT_LOW_CARBON_PRODUCTS),
-- else the reconstructed list of the report.
with

    own_list as (select * from {{ source('raw', 'low_carbon_products') }}),

    reconstructed as (select * from {{ ref('low_carbon_products') }}),

    final as (

        select
            product_code,
            list_revision,
            description,
            sector,
            technology,
            in_apec_2012,
            in_world_bank_2008,
            in_glachant_dussaux_dechezlepretre,
            in_pigato_2020,
            is_imf_addition,
            is_dual_use,
            evidence,
            evidence_note,
            false as is_own_list
        from reconstructed
        where not exists (select 1 from own_list)
        union all
        select
            product_code,
            list_revision,
            description,
            sector,
            technology,
            false as in_apec_2012,
            false as in_world_bank_2008,
            'no' as in_glachant_dussaux_dechezlepretre,
            false as in_pigato_2020,
            false as is_imf_addition,
            is_dual_use,
            'own list' as evidence,
            evidence_note,
            true as is_own_list
        from own_list

    )

select *
from final
