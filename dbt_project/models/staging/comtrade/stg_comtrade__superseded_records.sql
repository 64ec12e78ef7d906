-- UN Comtrade rows that a newer answer to the same question replaced, typed: pinned totals of
-- six-digit annual goods trade only, because a revision is told from totals.
with

    records as (select * from {{ source('raw', 'comtrade_superseded') }}),

    final as (

        select
            cast(refyear as integer) as year,
            cast(cast(reportercode as integer) as {{ dbt.type_string() }}) as reporter_code,
            cast(cast(partnercode as integer) as {{ dbt.type_string() }}) as partner_code,
            upper(trim(flowcode)) as flow_code,
            upper(trim(classificationcode)) as hs_revision,
            case
                when length(trim(cmdcode)) in (1, 3, 5) then '0' || trim(cmdcode) else trim(cmdcode)
            end as hs6_code,
            {{ as_money('primaryValue') }} as value_usd,
            landed_sequence,
            replaced_by_sequence,
            released_before,
            released_after
        from records
        where
            upper(trim(typecode)) = 'C'
            and upper(trim(freqcode)) = 'A'
            and upper(trim(flowcode)) in ('M', 'X')
            and cast(partner2code as integer) = 0
            and upper(trim(customscode)) = 'C00'
            and cast(motcode as integer) = 0
            and coalesce(nullif(trim(moscode), ''), '0') = '0'

    )

select *
from final
