-- BACI's files by year, and which of them counts. A year may have landed in several releases or HS
-- revisions; only one file counts for a year: the newest release, within it the newest revision.
-- This is the one pass over all of BACI's rows: whatever asks how much there is asks here.
with

    flows as (select * from {{ ref('stg_baci__trade_flows') }}),

    counted as (

        select
            year,
            landed_file,
            release,
            hs_revision,
            landed_sequence,
            count(*) as row_count,
            sum(value_usd) as value_usd
        from flows
        group by year, landed_file, release, hs_revision, landed_sequence

    ),

    ranked as (

        select
            *,
            row_number() over (
                partition by year order by release desc, hs_revision desc, landed_sequence desc
            ) as preference
        from counted

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
