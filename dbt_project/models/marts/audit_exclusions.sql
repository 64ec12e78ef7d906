-- What does not reach the facts, and why: nothing is left out without being counted here.
with

    choices as (select * from {{ ref('int_run_choices') }}),

    records as (select * from {{ ref('stg_comtrade__trade_records') }}),

    deduplicated as (select * from {{ ref('int_comtrade_flows_deduplicated') }}),

    listed_codes as (

        select distinct codes.hs_revision, codes.hs6_code
        from {{ ref('int_hs_codes_mapped') }} as codes
        inner join choices on codes.hs_treatment = choices.hs_treatment

    ),

    classified as (

        select flows.*
        from {{ ref('int_trade_flows_classified') }} as flows
        inner join choices on flows.hs_treatment = choices.hs_treatment

    ),

    baci as (select * from {{ ref('stg_baci__trade_flows') }}),

    indicator_values as (

        select * from {{ ref('stg_wdi__indicator_values') }} where value is not null

    ),

    united as (

        select
            'comtrade' as source,
            'landing' as stage,
            'replaced by a newer answer to the same question (trade_revisions has what changed)'
            as reason,
            count(*) as row_count,
            sum(value_usd) as value_usd
        from {{ ref('stg_comtrade__superseded_records') }}
        union all
        select
            'comtrade' as source,
            'staging' as stage,
            exclusion_reason as reason,
            count(*) as row_count,
            sum(value_usd) as value_usd
        from records
        where exclusion_reason is not null
        group by exclusion_reason
        union all
        select
            'comtrade' as source,
            'de-duplication' as stage,
            'repeated row, part beside its total, or second HS revision of the same flow' as reason,
            (select count(*) from records where exclusion_reason is null)
            - (select count(*) from deduplicated) as row_count,
            (select sum(value_usd) from records where exclusion_reason is null)
            - (select sum(value_usd) from deduplicated) as value_usd
        union all
        select
            'comtrade' as source,
            'classification' as stage,
            'code in neither product list' as reason,
            count(*) as row_count,
            sum(value_usd) as value_usd
        from deduplicated
        left join
            listed_codes
            on deduplicated.hs_revision = listed_codes.hs_revision
            and deduplicated.hs6_code = listed_codes.hs6_code
        where listed_codes.hs6_code is null
        union all
        select
            'comtrade' as source,
            'bilateral facts' as stage,
            case
                when reporter_kind = 'group'
                then 'reported by a group of economies (its members report themselves)'
                when reporter_kind <> 'economy'
                then 'reported by an area that is no economy'
                when partner_kind = 'group'
                then 'partner is a group of economies'
                when partner_kind = 'unallocated'
                then 'partner not specified (kept as unallocated in fct_world_trade)'
                else 'trade between others than China (counts in fct_world_trade)'
            end as reason,
            count(*) as row_count,
            sum(value_usd) as value_usd
        from classified
        where
            source = 'comtrade'
            and not (
                reporter_kind = 'economy'
                and partner_kind = 'economy'
                and (reporter_iso3 = 'CHN' or partner_iso3 = 'CHN')
            )
            and not (reporter_kind = 'economy' and partner_kind = 'world')
        group by 3
        union all
        select
            'baci' as source,
            'staging' as stage,
            exclusion_reason as reason,
            count(*) as row_count,
            sum(value_usd) as value_usd
        from baci
        where exclusion_reason is not null
        group by exclusion_reason
        union all
        select
            'baci' as source,
            'classification' as stage,
            'code in neither product list' as reason,
            count(*) as row_count,
            sum(value_usd) as value_usd
        from baci
        left join
            listed_codes
            on baci.hs_revision = listed_codes.hs_revision
            and baci.hs6_code = listed_codes.hs6_code
        where baci.exclusion_reason is null and listed_codes.hs6_code is null
        union all
        select
            'baci' as source,
            'bilateral facts' as stage,
            'exporter or importer is no economy' as reason,
            count(*) as row_count,
            sum(value_usd) as value_usd
        from classified
        where source = 'baci' and not (reporter_kind = 'economy' and partner_kind = 'economy')
        union all
        select
            'wdi' as source,
            'covariates' as stage,
            'aggregate, or an economy outside the list of economies' as reason,
            count(*) as row_count,
            cast(null as {{ type_money() }}) as value_usd
        from indicator_values
        left join {{ ref('economies') }} as economies on indicator_values.iso3 = economies.iso3
        where economies.iso3 is null
        union all
        select
            'wdi' as source,
            'covariates' as stage,
            'zero or negative: no logarithm for ' || variables.variable as reason,
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
            'staging' as stage,
            exclusion_reason as reason,
            count(*) as row_count,
            cast(null as {{ type_money() }}) as value_usd
        from {{ ref('stg_cepii__economy_pairs') }}
        where exclusion_reason is not null
        group by exclusion_reason

    ),

    final as (

        select
            source,
            stage,
            reason,
            cast(row_count as bigint) as row_count,
            {{ as_float('value_usd') }} as value_usd
        from united
        where row_count > 0

    )

select *
from final
