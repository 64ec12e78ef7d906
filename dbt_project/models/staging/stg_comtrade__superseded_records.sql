-- UN Comtrade rows that a newer answer to the same question replaced, typed: pinned totals of six-digit annual goods trade only, because
-- a revision is told from totals.
with

records as (

    select * from {{ source('raw', 'comtrade_superseded') }}

),

final as (

    select
        cast(refYear as integer) as year,
        cast(cast(reporterCode as integer) as {{ dbt.type_string() }}) as reporter_code,
        cast(cast(partnerCode as integer) as {{ dbt.type_string() }}) as partner_code,
        upper(trim(flowCode)) as flow_code,
        upper(trim(classificationCode)) as hs_revision,
        case when length(trim(cmdCode)) in (1, 3, 5) then '0' || trim(cmdCode) else trim(cmdCode) end as hs6_code,
        {{ as_money('primaryValue') }} as value_usd,
        landed_sequence,
        replaced_by_sequence,
        released_before,
        released_after
    from records
    where
        upper(trim(typeCode)) = 'C'
        and upper(trim(freqCode)) = 'A'
        and upper(trim(flowCode)) in ('M', 'X')
        and cast(partner2Code as integer) = 0
        and upper(trim(customsCode)) = 'C00'
        and cast(motCode as integer) = 0
        and coalesce(nullif(trim(mosCode), ''), '0') = '0'

)

select * from final
