-- BACI's files by year, and which of them counts. A year may have landed in several releases or HS
-- revisions; only one file counts for a year: the newest release, within it the newest revision.
with

    files as (select * from {{ ref('stg_baci__files') }}),

    ranked as (

        select
            *,
            row_number() over (
                partition by year order by release desc, hs_revision desc, landed_sequence desc
            ) as preference
        from files

    ),

    final as (

        select
            year,
            landed_file,
            release,
            hs_revision,
            landed_sequence,
            row_count,
            value_usd,
            case when preference > 1 then 'another_baci_file_newer' end as exclusion_reason
        from ranked

    )

select *
from final
