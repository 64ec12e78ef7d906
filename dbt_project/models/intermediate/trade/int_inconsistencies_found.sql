{#-
    Where a publisher of trade contradicts itself, in the codes of the lists.

    Parts that sum to more than their total contradict it however they were asked for. Parts that
    sum to less may be an excerpt of some partners or modes of transport, which is the user's choice
    and no contradiction. They count only where all parts have evidently landed: at least half of
    the reporter's other totals are not short of parts, nor are nineteen in twenty of those of the
    other reporters in the file (in the real files of 2018 to 2023 none is); and the reporter names
    more than one partner, for UN Comtrade may have been asked for the World and China alone.
-#}
with

    economy_codes as (select * from {{ ref('comtrade_economy_codes') }}),

    listed_codes as (select distinct hs_revision, hs6_code from {{ ref('int_hs_codes_mapped') }}),

    files as (

        select landed_sequence, max(landed_file) as landed_file
        from {{ ref('stg_landing__files') }}
        group by landed_sequence

    ),

    comtrade as (

        select
            flows.*,
            reporters.iso3 as economy_iso3,
            coalesce(partners.kind, 'unallocated') as partner_kind
        from {{ ref('int_comtrade_flows_deduplicated') }} as flows
        inner join
            listed_codes
            on flows.hs_revision = listed_codes.hs_revision
            and flows.hs6_code = listed_codes.hs6_code
        inner join
            economy_codes as reporters
            on flows.reporter_code = reporters.comtrade_code
            and reporters.kind = 'economy'
        left join economy_codes as partners on flows.partner_code = partners.comtrade_code

    ),

    -- groups of economies are left out: they repeat their members
    worlds as (

        select
            year,
            reporter_code,
            flow_code,
            hs6_code,
            max(case when partner_kind = 'world' then hs_revision end) as hs_revision,
            max(case when partner_kind = 'world' then landed_sequence end) as landed_sequence,
            sum(case when partner_kind = 'world' then value_usd end) as value_stated,
            coalesce(
                sum(case when partner_kind <> 'world' then value_usd end), 0
            ) as value_compared,
            min(case when partner_kind <> 'world' then partner_code end) as first_partner,
            max(case when partner_kind <> 'world' then partner_code end) as last_partner
        from comtrade
        where partner_kind in ('world', 'economy', 'unallocated')
        group by year, reporter_code, flow_code, hs6_code

    ),

    worlds_compared as (

        select
            *,
            {{ differ_beyond_rounding('value_compared', 'value_stated') }} as is_different,
            value_compared < value_stated
            and {{ differ_beyond_rounding('value_compared', 'value_stated') }} as is_short,
            min(first_partner) over (partition by year, reporter_code, flow_code)
            <> max(last_partner) over (
                partition by year, reporter_code, flow_code
            ) as has_several_partners
        from worlds
        where value_stated is not null

    ),

    worlds_judged as (

        select
            *,
            has_several_partners and {{ all_parts_have_landed('year, flow_code') }} as has_all_parts
        from worlds_compared

    ),

    totals_compared as (

        select
            *,
            {{ differ_beyond_rounding('parts_usd', 'value_usd') }} as is_different,
            parts_usd < value_usd
            and {{ differ_beyond_rounding('parts_usd', 'value_usd') }} as is_short
        from comtrade
        where parts_usd is not null

    ),

    totals_judged as (

        select *, {{ all_parts_have_landed('year, flow_code, parts_dimension') }} as has_all_parts
        from totals_compared

    ),

    baci_pairs as (

        select
            flows.year,
            flows.exporter_code,
            flows.importer_code,
            flows.hs_revision,
            flows.hs6_code,
            max(flows.landed_sequence) as landed_sequence,
            count(*) as row_count,
            max(flows.value_usd) as largest_value_usd,
            sum(flows.value_usd) as value_usd,
            sum(flows.net_weight_kg) as net_weight_kg
        from {{ ref('int_baci_flows_listed') }} as flows
        group by
            flows.year, flows.exporter_code, flows.importer_code, flows.hs_revision, flows.hs6_code

    ),

    found as (

        select
            'comtrade' as source,
            case
                when value_compared > value_stated
                then 'partners_exceed_world'
                else 'partners_below_world'
            end as what_code,
            'world_row' as used_code,
            'USD' as unit,
            landed_sequence,
            year,
            reporter_code,
            flow_code,
            '0' as partner_code,
            hs_revision,
            hs6_code,
            value_stated,
            value_compared
        from worlds_judged
        where is_different and (value_compared > value_stated or has_all_parts)
        union all
        select
            'comtrade' as source,
            'parts_by_' || replace(parts_dimension, '_code', '') as what_code,
            'total_row' as used_code,
            'USD' as unit,
            landed_sequence,
            year,
            reporter_code,
            flow_code,
            partner_code,
            hs_revision,
            hs6_code,
            value_usd as value_stated,
            parts_usd as value_compared
        from totals_judged
        where is_different and (parts_usd > value_usd or has_all_parts)
        union all
        select
            'comtrade' as source,
            'landed_before_with_other_value' as what_code,
            'landed_last' as used_code,
            'USD' as unit,
            landed_sequence,
            year,
            reporter_code,
            flow_code,
            partner_code,
            hs_revision,
            hs6_code,
            value_usd as value_stated,
            value_landed_before_usd as value_compared
        from comtrade
        where value_landed_before_usd is not null
        {% for measure, unit in [('value_usd', 'USD'), ('net_weight_kg', 'kg')] %}
            union all
            select
                'comtrade' as source,
                'negative_{{ measure }}' as what_code,
                'as_stated' as used_code,
                '{{ unit }}' as unit,
                landed_sequence,
                year,
                reporter_code,
                flow_code,
                partner_code,
                hs_revision,
                hs6_code,
                {{ measure }} as value_stated,
                cast(null as {{ type_money() }}) as value_compared
            from comtrade
            where {{ measure }} < 0
            union all
            select
                'baci' as source,
                'negative_{{ measure }}' as what_code,
                'as_stated' as used_code,
                '{{ unit }}' as unit,
                landed_sequence,
                year,
                exporter_code as reporter_code,
                'X' as flow_code,
                importer_code as partner_code,
                hs_revision,
                hs6_code,
                {{ measure }} as value_stated,
                cast(null as {{ type_money() }}) as value_compared
            from baci_pairs
            where {{ measure }} < 0
        {% endfor %}
        union all
        select
            'baci' as source,
            'pair_repeated' as what_code,
            'sum_of_rows' as used_code,
            'USD' as unit,
            landed_sequence,
            year,
            exporter_code as reporter_code,
            'X' as flow_code,
            importer_code as partner_code,
            hs_revision,
            hs6_code,
            largest_value_usd as value_stated,
            value_usd as value_compared
        from baci_pairs
        where row_count > 1

    ),

    final as (

        select
            found.source,
            files.landed_file,
            found.what_code,
            found.used_code,
            found.unit,
            found.year,
            reporters.iso3 as economy_iso3,
            found.reporter_code,
            case when found.flow_code = 'M' then 'import' else 'export' end as flow,
            partners.iso3 as partner_iso3,
            found.partner_code,
            found.hs_revision,
            found.hs6_code,
            {{ as_float('found.value_stated') }} as value_stated,
            {{ as_float('found.value_compared') }} as value_compared
        from found
        left join files on found.landed_sequence = files.landed_sequence
        left join economy_codes as reporters on found.reporter_code = reporters.comtrade_code
        left join economy_codes as partners on found.partner_code = partners.comtrade_code

    )

select *
from final
