{#-
    How few suppliers a market has. Shares are of what is allocated to economies; the unallocated
    part gives the bounds: at least what the index is if spread over countless suppliers, at most
    what it is if all of it came from the largest.
-#}
{%- set of_world -%} market_number, year, intra_eu_trade {%- endset -%}
{%- set of_economy -%} {{ of_world }}, economy_iso3 {%- endset -%}
{%- set measures = [('value_usd', 'usd', ''), ('net_weight_kg', 'kg', '_by_weight')] -%}

with

    summed as (select * from {{ ref('int_supply_summed') }}),

    markets as (

        select distinct market_number, market_kind, market, mineral_stage
        from {{ ref('int_supply_markets') }}

    ),

    world as (

        select
            {{ of_world }},
            allocated_usd + unallocated_usd as world_usd,
            allocated_kg + unallocated_kg as world_kg
        from summed
        where economy_iso3 = 'WLD'

    ),

    -- what needs the sum and the largest first; of equals the first by code
    compared as (

        select
            {{ of_economy }},
            {% for amount, unit, suffix in measures %}
                sum(
                    case
                        when 100 * suppliers.{{ amount }} > summed.allocated_{{ unit }}
                        then 1
                        else 0
                    end
                ) as suppliers_above_1_percent{{ suffix }},
                min(
                    case
                        when suppliers.{{ amount }} = summed.largest_{{ unit }}
                        then suppliers.supplier
                    end
                ) as largest_supplier_iso3{{ suffix }}
                {{ "," if not loop.last }}
            {% endfor %}
        from {{ ref('int_suppliers') }} as suppliers
        inner join summed using ({{ of_economy }})
        where {{ is_economy('suppliers.supplier') }}
        group by {{ of_economy }}

    ),

    final as (

        select
            markets.market_kind,
            markets.market,
            markets.mineral_stage,
            year,
            intra_eu_trade,
            economy_iso3,
            case when economy_iso3 = 'WLD' then 'export' else 'import' end as side,
            cast(summed.suppliers as integer) as suppliers,
            {{ share_of(
                'summed.weighed_value_usd', '(summed.allocated_usd + summed.unallocated_usd)'
            ) }} as weighed_value_share,
            {% for _, unit, suffix in measures %}
                {%- set allocated = 'summed.allocated_' ~ unit -%}
                {%- set unallocated = 'summed.unallocated_' ~ unit -%}
                {%- set largest = 'summed.largest_' ~ unit -%}
                {%- set squares = 'summed.squares_' ~ unit -%}
                {%- set whole = '(' ~ allocated ~ ' + ' ~ unallocated ~ ')' -%}
                {%- set squares_of_others = squares ~ ' - ' ~ exact_square(largest) -%}
                {{ as_float(allocated) }} as allocated_{{ unit }},
                {{ as_float(unallocated) }} as unallocated_{{ unit }},
                {{ share_of(whole, 'world.world_' ~ unit) }} as share_of_world{{ suffix }},
                cast(
                    coalesce(compared.suppliers_above_1_percent{{ suffix }}, 0) as integer
                ) as suppliers_above_1_percent{{ suffix }},
                compared.largest_supplier_iso3{{ suffix }},
                {{ share_of(largest, allocated) }} as top_1_share{{ suffix }},
                {{ share_of('summed.largest_three_' ~ unit, allocated) }}
                as top_3_share{{ suffix }},
                {{ share_of('summed.of_china_' ~ unit, allocated) }} as china_share{{ suffix }},
                {{ share_of(squares, exact_square(allocated)) }} as hhi{{ suffix }},
                {{ share_of(squares, exact_square(whole)) }} as hhi_lower_bound{{ suffix }},
                {{ share_of(
                    squares_of_others ~ ' + '
                    ~ exact_square('(' ~ largest ~ ' + ' ~ unallocated ~ ')'),
                    exact_square(whole)
                ) }} as hhi_upper_bound{{ suffix }},
                {{ share_of(
                    squares_of_others, exact_square('(' ~ allocated ~ ' - ' ~ largest ~ ')')
                ) }} as hhi_without_largest{{ suffix }},
                {{ share_of('summed.weak_squares_' ~ unit, exact_square(allocated)) }}
                as hhi_governance_weighted{{ suffix }},
                {{ share_of('summed.scored_' ~ unit, allocated) }}
                as governance_known_share{{ suffix }}
                {{ "," if not loop.last }}
            {% endfor %}
        from summed
        inner join markets using (market_number)
        inner join world using ({{ of_world }})
        left join compared using ({{ of_economy }})

    )

select *
from final
