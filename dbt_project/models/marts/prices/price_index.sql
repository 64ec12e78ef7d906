{#-
    Levels of a chain, set to 100 on average over the base year; a chain that does not reach it, to
    100 over its first year. Dollars of the base year are told from nominal ones by the consumer
    prices of the United States, which are annual: so is index_deflated.
-#}
{%- set of_index = ['frequency', 'flow', 'aggregate_kind', 'aggregate', 'partner_group'] -%}
{%- set of_all_formulas -%}
(
    partition by
        {% for column in of_index %} based.{{ column }}, {% endfor %}
        based.first_day
)
{%- endset -%}
{%- set of_chain -%}
(
    partition by
        {% for column in of_index %} based.{{ column }}, {% endfor %}
        based.formula,
        based.chain
)
{%- endset -%}
with

    indices as (

        select *, cast(period as date) as first_day, extract(year from period) as year
        from {{ ref('int_price_indices_chained') }}

    ),

    choices as (select price_base_year from {{ ref('int_run_choices') }}),

    base_years as (

        select
            {{ of_index | join(', ') }},
            formula,
            chain,
            coalesce(
                max(case when year = choices.price_base_year then year end), min(year)
            ) as base_year
        from indices
        cross join choices
        group by {{ of_index | join(', ') }}, formula, chain

    ),

    based as (

        select
            indices.*,
            base_years.base_year,
            100
            * indices.level
            -- in the order of periods: a sum of floats depends on it in its last digit
            / avg(case when indices.year = base_years.base_year then indices.level end) over (
                partition by
                    {% for column in of_index %} indices.{{ column }}, {% endfor %}
                    indices.formula,
                    indices.chain
                order by indices.first_day
                rows between unbounded preceding and unbounded following
            ) as index_value
        from indices
        inner join
            base_years on indices.formula = base_years.formula and indices.chain = base_years.chain
            {% for column in of_index %}
                and indices.{{ column }} = base_years.{{ column }}
            {% endfor %}

    ),

    -- what of the aggregate's trade there is, whether or not it has a price
    items as (

        select
            aggregates.aggregate_kind,
            aggregates.aggregate,
            unit_values.frequency,
            unit_values.flow,
            unit_values.period,
            unit_values.partner_group,
            unit_values.value_usd
        from {{ ref('int_unit_values') }} as unit_values
        inner join
            {{ ref('int_price_aggregates') }} as aggregates
            on unit_values.product_code = aggregates.product_code
        union all
        select 'code', hs6_code, frequency, flow, period, partner_group, value_usd
        from {{ ref('int_unit_values') }}
        where item <> product_code

    ),

    trade as (

        {% for group in ["'all'", 'partner_group'] %}
            select
                frequency,
                flow,
                aggregate_kind,
                aggregate,
                {{ group }} as partner_group,
                period,
                {{ exact_sum('value_usd') }} as value_usd
            from items
            group by
                frequency,
                flow,
                aggregate_kind,
                aggregate,
                {% if group == 'partner_group' %} partner_group, {% endif %}
                period
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}

    ),

    -- a year counts only if none before it is missing
    consumer_prices as (

        select
            year,
            case
                when year - min(year) over () + 1 = count(*) over (order by year)
                then exp(sum(ln(1 + value / 100)) over (order by year))
            end as level
        from {{ ref('int_covariates') }}
        where variable = 'inflation' and iso3 = 'USA'

    ),

    final as (

        select
            based.frequency,
            based.first_day as period,
            based.flow,
            based.aggregate_kind,
            based.aggregate,
            based.partner_group,
            based.formula,
            based.index_value as "index",
            case
                when based.frequency = 'annual'
                then based.index_value * base_prices.level / prices.level
            end as index_deflated,
            cast(based.base_year as integer) as base_year,
            cast(based.chain as integer) as chain,
            based.chain > 1
            and based.first_day = min(based.first_day) over {{ of_chain }} as is_chained_break,
            cast(based.matched_items as integer) as matched_items,
            trade.value_usd,
            based.matched_value_usd / trade.value_usd as coverage_share,
            max(based.index_value) over {{ of_all_formulas }}
            / min(based.index_value) over {{ of_all_formulas }}
            - 1 as spread_of_formulas
        from based
        inner join
            trade on based.first_day = trade.period
            {% for column in of_index %} and based.{{ column }} = trade.{{ column }} {% endfor %}
        left join consumer_prices as prices on based.year = prices.year
        left join consumer_prices as base_prices on based.base_year = base_prices.year

    )

select *
from final
