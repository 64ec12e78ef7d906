{#-
    What all suppliers of an economy give together, and the sums that concentration is made of. An
    amount is that of economies; what comes from others is set apart as unallocated.
-#}
{%- set market -%} market_number, year, economy_iso3, intra_eu_trade {%- endset -%}
{%- set measures = [('value_usd', 'usd'), ('net_weight_kg', 'kg')] -%}

with

    suppliers as (

        select
            suppliers.*, {{ is_economy('suppliers.supplier') }} as is_allocated, governance.weakness
        from {{ ref('int_suppliers') }} as suppliers
        left join
            {{ ref('int_governance_scored') }} as governance
            on suppliers.supplier = governance.iso3
            and suppliers.year = governance.year

    ),

    final as (

        select
            {{ market }},
            sum(case when is_allocated then 1 else 0 end) as suppliers,
            sum(weighed_value_usd) as weighed_value_usd,
            {% for amount, unit in measures %}
                {%- set allocated = 'case when is_allocated then ' ~ amount ~ ' end' -%}
                coalesce(sum({{ allocated }}), 0) as allocated_{{ unit }},
                coalesce(
                    sum(case when not is_allocated then {{ amount }} end), 0
                ) as unallocated_{{ unit }},
                coalesce(max({{ allocated }}), 0) as largest_{{ unit }},
                {{ sum_of_largest(allocated, 3) }} as largest_three_{{ unit }},
                sum(case when supplier = 'CHN' then {{ amount }} else 0 end) as of_china_{{ unit }},
                sum(
                    case when weakness is not null then {{ amount }} else 0 end
                ) as scored_{{ unit }},
                coalesce(sum({{ exact_square(allocated) }}), 0) as squares_{{ unit }},
                sum({{ exact_square(amount) }} * weakness) as weak_squares_{{ unit }}
                {{ "," if not loop.last }}
            {% endfor %}
        from suppliers
        group by {{ market }}

    )

select *
from final
