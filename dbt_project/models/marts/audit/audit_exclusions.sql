-- What does not reach the facts, and why: nothing is left out without being counted here.
with

    reasons as (select * from {{ ref('reasons') }} where family = 'exclusion'),

    choices as (select * from {{ ref('int_run_choices') }}),

    records as (select * from {{ ref('stg_comtrade__trade_records') }}),

    records_listed as (select * from {{ ref('int_comtrade_records_listed') }}),

    deduplicated as (select * from {{ ref('int_comtrade_flows_deduplicated') }}),

    listed_codes as (

        select distinct codes.hs_revision, codes.hs6_code
        from {{ ref('int_hs_codes_mapped') }} as codes
        inner join choices on codes.hs_treatment = choices.hs_treatment

    ),

    codes_of_any_revision as (select distinct hs6_code from {{ ref('int_hs_codes_mapped') }}),

    -- UN Comtrade's rows in a code that no revision and treatment lists, as landed; and the flows
    -- in a code that is listed, but not by the flow's revision and the run's treatment
    comtrade_unlisted as (

        select records.value_usd
        from records
        left join codes_of_any_revision as codes on records.hs6_code = codes.hs6_code
        where records.exclusion_reason is null and codes.hs6_code is null
        union all
        select deduplicated.value_usd
        from deduplicated
        left join
            listed_codes
            on deduplicated.hs_revision = listed_codes.hs_revision
            and deduplicated.hs6_code = listed_codes.hs6_code
        where listed_codes.hs6_code is null

    ),

    classified as (

        select flows.*
        from {{ ref('int_trade_flows_classified') }} as flows
        inner join choices on flows.hs_treatment = choices.hs_treatment

    ),

    -- every classified row is in the bilateral facts, or the World's row, or has one reason
    judged as (

        select
            source,
            value_usd,
            case
                when source = 'baci' and (reporter_kind <> 'economy' or partner_kind <> 'economy')
                then 'side_is_no_economy'
                when reporter_kind = 'group'
                then 'reported_by_group'
                when reporter_kind <> 'economy'
                then 'reported_by_no_economy'
                when partner_kind = 'group'
                then 'partner_is_group'
                when partner_kind = 'unallocated'
                then 'partner_not_specified'
                when exporter_iso3 = importer_iso3
                then 'returned_goods'
                when
                    source = 'comtrade'
                    and partner_kind = 'economy'
                    and exporter_iso3 <> 'CHN'
                    and importer_iso3 <> 'CHN'
                then 'trade_between_others'
            end as reason_code
        from classified

    ),

    baci_files as (select * from {{ ref('int_baci_files_counted') }}),

    baci_listed as (

        select flows.value_usd
        from {{ ref('int_baci_flows_listed') }} as flows
        inner join
            listed_codes
            on flows.hs_revision = listed_codes.hs_revision
            and flows.hs6_code = listed_codes.hs6_code

    ),

    indicator_values as (

        select * from {{ ref('stg_wdi__indicator_values') }} where value is not null

    ),

    united as (

        select
            'comtrade' as source,
            'landing' as stage,
            'replaced_by_newer_answer' as reason_code,
            cast(null as {{ dbt.type_string() }}) as variable,
            count(*) as row_count,
            sum(value_usd) as value_usd
        from {{ ref('stg_comtrade__superseded_records') }}
        union all
        select
            'comtrade' as source,
            'staging' as stage,
            exclusion_reason as reason_code,
            cast(null as {{ dbt.type_string() }}) as variable,
            count(*) as row_count,
            sum(value_usd) as value_usd
        from records
        where exclusion_reason is not null
        group by exclusion_reason
        union all
        select
            'comtrade' as source,
            'de-duplication' as stage,
            'repeated_or_part_or_second_revision' as reason_code,
            cast(null as {{ dbt.type_string() }}) as variable,
            (select count(*) from records_listed)
            - (select count(*) from deduplicated) as row_count,
            (select sum(value_usd) from records_listed)
            - (select sum(value_usd) from deduplicated) as value_usd
        union all
        select
            'comtrade' as source,
            'classification' as stage,
            'code_in_neither_list' as reason_code,
            cast(null as {{ dbt.type_string() }}) as variable,
            count(*) as row_count,
            sum(value_usd) as value_usd
        from comtrade_unlisted
        union all
        select
            source,
            'bilateral facts' as stage,
            reason_code,
            cast(null as {{ dbt.type_string() }}) as variable,
            count(*) as row_count,
            sum(value_usd) as value_usd
        from judged
        where reason_code is not null
        group by source, reason_code
        union all
        select
            'baci' as source,
            'staging' as stage,
            exclusion_reason as reason_code,
            cast(null as {{ dbt.type_string() }}) as variable,
            sum(row_count) as row_count,
            sum(value_usd) as value_usd
        from baci_files
        where exclusion_reason is not null
        group by exclusion_reason
        union all
        select
            'baci' as source,
            'classification' as stage,
            'code_in_neither_list' as reason_code,
            cast(null as {{ dbt.type_string() }}) as variable,
            sum(row_count) - (select count(*) from baci_listed) as row_count,
            sum(value_usd) - (select coalesce(sum(value_usd), 0) from baci_listed) as value_usd
        from baci_files
        where exclusion_reason is null
        union all
        select
            'wdi' as source,
            'covariates' as stage,
            'outside_list_of_economies' as reason_code,
            cast(null as {{ dbt.type_string() }}) as variable,
            count(*) as row_count,
            cast(null as {{ type_money() }}) as value_usd
        from indicator_values
        left join {{ ref('economies') }} as economies on indicator_values.iso3 = economies.iso3
        where economies.iso3 is null
        union all
        select
            'wdi' as source,
            'covariates' as stage,
            'no_logarithm' as reason_code,
            variables.variable,
            count(*) as row_count,
            cast(null as {{ type_money() }}) as value_usd
        from indicator_values
        inner join
            {{ ref('variables') }} as variables
            on indicator_values.indicator_code = variables.indicator_code
            and variables.transformation = 'ln'
        where indicator_values.value <= 0
        group by variables.variable
        union all
        select
            'cepii' as source,
            'mapping' as stage,
            exclusion_reason as reason_code,
            cast(null as {{ dbt.type_string() }}) as variable,
            count(*) as row_count,
            cast(null as {{ type_money() }}) as value_usd
        from {{ ref('int_economy_pairs_mapped') }}
        where exclusion_reason is not null
        group by exclusion_reason

    ),

    final as (

        select
            united.source,
            united.stage,
            united.reason_code,
            {{ filled('reasons.text_en', {'variable': 'united.variable'}) }} as reason,
            cast(united.row_count as bigint) as row_count,
            {{ as_float('united.value_usd') }} as value_usd
        from united
        left join reasons on united.reason_code = reasons.code
        where united.row_count > 0

    )

select *
from final
