-- Every landed UN Comtrade row, typed. A row that is not six-digit annual goods trade is kept
-- here with the reason why it goes no further, so that it can be counted.
with

    records as (select * from {{ source('raw', 'comtrade_trade') }}),

    typed as (

        select
            cast(refyear as integer) as year,
            cast(cast(reportercode as integer) as {{ dbt.type_string() }}) as reporter_code,
            cast(cast(partnercode as integer) as {{ dbt.type_string() }}) as partner_code,
            upper(trim(flowcode)) as flow_code,
            upper(trim(typecode)) as type_code,
            upper(trim(freqcode)) as frequency_code,
            upper(trim(classificationcode)) as hs_revision,
            lower(trim(coalesce(isoriginalclassification, 'true')))
            = 'true' as is_original_classification,
            -- codes that lost their leading zero on the way have an odd number of digits
            case
                when length(trim(cmdcode)) in (1, 3, 5) then '0' || trim(cmdcode) else trim(cmdcode)
            end as hs6_code,
            cast(cast(partner2code as integer) as {{ dbt.type_string() }}) as second_partner_code,
            upper(trim(customscode)) as customs_code,
            coalesce(nullif(trim(moscode), ''), '0') as supply_mode_code,
            cast(cast(motcode as integer) as {{ dbt.type_string() }}) as transport_mode_code,
            {{ as_money('primaryValue') }} as value_usd,
            {{ as_money('netWgt') }} as net_weight_kg,
            landed_file,
            landed_row,
            landed_sequence
        from records

    ),

    final as (

        select
            *,
            case
                when type_code <> 'C' or frequency_code <> 'A'
                then 'not annual goods trade'
                when flow_code not in ('M', 'X')
                then 'flow is neither import nor export'
                when length(hs6_code) <> 6 or hs6_code in ('TOTAL', 'AG6')
                then 'not a six-digit code'
                when hs_revision not in ('H0', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6')
                then 'not the Harmonized System'
            end as exclusion_reason
        from typed

    )

select *
from final
