{#-
    How few suppliers a market has. Shares are of what is allocated to economies; the unallocated
    part gives the bounds: at least what it is if spread over countless suppliers, at most what it
    is if all of it came from the largest.
-#}
{%- set market = [
    'market_kind',
    'market',
    'mineral_stage',
    'year',
    'side',
    'economy_iso3',
    'intra_eu_trade',
    'measure',
] -%}
{%- set of_market -%}{% for column in market %}suppliers.{{ column }}{{ ", " if not loop.last }}
{%- endfor %}{%- endset -%}
{%- set whole_squared = as_float(exact_square('(totals.allocated + totals.unallocated)')) -%}

with

    suppliers as (select * from {{ ref('int_suppliers') }}),

    totals as (

        select
            {{ market | join(', ') }},
            sum(case when is_allocated then amount else 0 end) as allocated,
            sum(case when is_allocated then 0 else amount end) as unallocated,
            sum(value_usd) as value_usd,
            sum(weighed_value_usd) as weighed_value_usd
        from suppliers
        group by {{ market | join(', ') }}

    ),

    governance as (select * from {{ ref('int_governance_scored') }}),

    ranked as (

        select
            {{ of_market }},
            suppliers.supplier,
            suppliers.amount,
            {{ as_float('suppliers.amount') }} / {{ as_float('totals.allocated') }} as share,
            governance.weakness,
            row_number() over (
                partition by {{ of_market }} order by suppliers.amount desc, suppliers.supplier
            ) as supplier_rank
        from suppliers
        inner join
            totals
            on {% for column in market -%}
                suppliers.{{ column }} = totals.{{ column }} {{ "and" if not loop.last }}
            {% endfor %}
        left join
            governance
            on suppliers.supplier = governance.iso3
            and suppliers.year
            between governance.first_year and coalesce(governance.last_year, 9999)
        where suppliers.is_allocated and suppliers.amount > 0

    ),

    summarised as (

        select
            {{ market | join(', ') }},
            cast(count(*) as integer) as suppliers,
            cast(
                sum(case when share > 0.01 then 1 else 0 end) as integer
            ) as suppliers_above_1_percent,
            max(case when supplier_rank = 1 then supplier end) as largest_supplier_iso3,
            sum(case when supplier_rank = 1 then amount else 0 end) as largest,
            sum(case when supplier_rank <= 3 then amount else 0 end) as largest_three,
            sum(case when supplier = 'CHN' then amount else 0 end) as of_china,
            -- exact: the same whatever the order in which rows arrive
            sum({{ exact_square('amount') }}) as sum_of_squares,
            sum(
                case when supplier_rank = 1 then {{ exact_square('amount') }} end
            ) as largest_squared,
            {{ ordered_average('share * share * weakness', 'supplier_rank') }}
            * count(weakness) as governance_weighted,
            sum(case when weakness is not null then amount else 0 end) as governance_known
        from ranked
        group by {{ market | join(', ') }}

    ),

    final as (

        select
            {% for column in market %} totals.{{ column }}, {% endfor %}
            {{ as_float('totals.allocated') }} as allocated,
            {{ as_float('totals.unallocated') }} as unallocated,
            {{ as_float('totals.unallocated') }}
            / {{ as_float('totals.allocated + totals.unallocated') }} as unallocated_share,
            coalesce(summarised.suppliers, 0) as suppliers,
            coalesce(summarised.suppliers_above_1_percent, 0) as suppliers_above_1_percent,
            summarised.largest_supplier_iso3,
            {{ as_float('summarised.largest') }}
            / {{ as_float('totals.allocated') }} as top_1_share,
            {{ as_float('summarised.largest_three') }}
            / {{ as_float('totals.allocated') }} as top_3_share,
            {{ as_float('summarised.of_china') }}
            / {{ as_float('totals.allocated') }} as china_share,
            {{ as_float('summarised.sum_of_squares') }}
            / {{ as_float(exact_square('totals.allocated')) }} as hhi,
            {{ as_float('summarised.sum_of_squares') }} / {{ whole_squared }} as hhi_lower_bound,
            {{ as_float(
                'summarised.sum_of_squares - summarised.largest_squared + '
                ~ exact_square('(summarised.largest + totals.unallocated)')
            ) }} / {{ whole_squared }} as hhi_upper_bound,
            case
                when totals.allocated > summarised.largest
                then
                    {{ as_float('summarised.sum_of_squares - summarised.largest_squared') }}
                    / {{ as_float(exact_square('(totals.allocated - summarised.largest)')) }}
            end as hhi_without_largest,
            summarised.governance_weighted as hhi_governance_weighted,
            {{ as_float('summarised.governance_known') }}
            / {{ as_float('totals.allocated') }} as governance_known_share,
            case
                when totals.measure = 'weight' and totals.value_usd > 0
                then {{ as_float('totals.weighed_value_usd') }} / {{ as_float('totals.value_usd') }}
            end as weighed_value_share
        from totals
        left join
            summarised
            on {% for column in market -%}
                totals.{{ column }} = summarised.{{ column }} {{ "and" if not loop.last }}
            {% endfor %}
        -- a market of which nothing has been weighed has no row by weight
        where totals.allocated + totals.unallocated > 0

    )

select *
from final
