-- Every printed aggregate beside ours. Where less of the product list has landed than stands for
-- it, there is no own value, and the note says why. The report's own contradictions stand in the
-- note of the number they concern.
with

    aggregates as (select * from {{ ref('published_aggregates') }}),

    statistics as (select * from {{ ref('published_summary_statistics') }}),

    choices as (select * from {{ ref('run_choices') }}),

    list_size as (

        select count(*) as products_in_list from {{ ref('dim_product') }} where is_low_carbon

    ),

    own_aggregates as (

        select
            'figure_1' as exhibit,
            measure as series,
            lower("group") as "group",
            year,
            value,
            unit,
            products_landed
        from {{ ref('figure_1') }}
        union all
        select
            'figure_2' as exhibit,
            measure as series,
            lower("group") as "group",
            year,
            value,
            unit,
            products_landed
        from {{ ref('figure_2') }}
        union all
        select
            'figure_3' as exhibit,
            measure as series,
            replace(sector, '_', ' ') as "group",
            year,
            value,
            unit,
            products_landed
        from {{ ref('figure_3') }}
        union all
        select
            'figure_4' as exhibit,
            measure as series,
            replace(sector, '_', ' ') as "group",
            year,
            value,
            unit,
            products_landed
        from {{ ref('figure_4') }}
        union all
        select
            'figure_4' as exhibit,
            measure as series,
            'power generation + energy storage + transport' as "group",
            year,
            {{ exact_sum('value * 1e9') }} / 1e9 as value,
            unit,
            sum(products_landed) as products_landed
        from {{ ref('figure_4') }}
        where
            measure = 'China exports'
            and sector in ('power_generation', 'energy_storage', 'transport')
        group by measure, year, unit
        union all
        select
            'table_2' as exhibit,
            'share of China exports' as series,
            lower("group") as "group",
            year,
            value,
            unit,
            products_landed
        from {{ ref('table_2') }}
        where measure = 'share of China exports'
        union all
        select
            'table_1' as exhibit,
            measure as series,
            replace(sector, '_', ' ') as "group",
            cast(null as integer) as year,
            value,
            unit,
            cast(value as integer) as products_landed
        from {{ ref('table_1') }}
        where technology = 'all technologies'

    ),

    -- how much of the list has landed in the year the number is for; the figures of one sector are
    -- judged by the whole year
    landed_in_year as (

        select exhibit, year, max(products_landed) as products_landed
        from own_aggregates
        group by exhibit, year

    ),

    compared_aggregates as (

        select
            aggregates.exhibit,
            aggregates.series,
            aggregates."group",
            aggregates.year,
            aggregates.unit,
            aggregates.value as published,
            case
                when
                    landed_in_year.products_landed
                    >= choices.minimum_product_share * list_size.products_in_list
                then own_aggregates.value
            end as own,
            cast(null as varchar) as sample,
            aggregates.note,
            case
                when landed_in_year.products_landed is null
                then 'no own value: no data for the year'
                when
                    landed_in_year.products_landed
                    < choices.minimum_product_share * list_size.products_in_list
                then
                    'no own value: only '
                    || landed_in_year.products_landed
                    || ' of '
                    || list_size.products_in_list
                    || ' products have landed'
                when own_aggregates.value is null
                then 'no own value: no trade recorded in this group'
                when
                    aggregates.exhibit <> 'table_1'
                    and landed_in_year.products_landed < list_size.products_in_list
                then
                    landed_in_year.products_landed
                    || ' of '
                    || list_size.products_in_list
                    || ' products have landed'
            end as coverage_note
        from aggregates
        cross join choices
        cross join list_size
        left join
            own_aggregates
            on aggregates.exhibit = own_aggregates.exhibit
            and aggregates.series = own_aggregates.series
            and lower(aggregates."group") = lower(own_aggregates."group")
            and (
                aggregates.year = own_aggregates.year
                or (aggregates.year is null and own_aggregates.year is null)
            )
            and aggregates.unit = own_aggregates.unit
        left join
            landed_in_year
            on aggregates.exhibit = landed_in_year.exhibit
            and (
                aggregates.year = landed_in_year.year
                or (aggregates.year is null and landed_in_year.year is null)
            )

    ),

    statistics_long as (

        {% for measure in ['n', 'mean', 'sd', 'min', 'max'] %}
            select variable, '{{ measure }}' as measure, cast({{ measure }} as double) as published
            from statistics
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}

    ),

    -- the report's base sample needs its LCT imports; where too little of the list has landed, the
    -- sample with CO2 stands in
    coverage_of_imports as (

        select coalesce(max(coverage.products_landed), 0) as products_landed
        from {{ ref('audit_product_coverage') }} as coverage
        inner join
            choices
            on coverage.basis = choices.basis
            and coverage.hs_treatment = choices.hs_treatment
            and coverage.mineral_scope = choices.mineral_scope
        where coverage.product_list = 'lct' and coverage.is_comparable

    ),

    chosen_sample as (

        select
            case
                when
                    coverage_of_imports.products_landed
                    >= choices.minimum_product_share * list_size.products_in_list
                then 'report_base'
                else 'with_co2_1992_2020'
            end as sample
        from coverage_of_imports
        cross join choices
        cross join list_size

    ),

    compared_statistics as (

        select
            'table_3' as exhibit,
            statistics_long.measure as series,
            statistics_long.variable as "group",
            cast(null as integer) as year,
            own.unit,
            statistics_long.published,
            own.value as own,
            chosen_sample.sample,
            cast(null as varchar) as note,
            case
                when own.value is null
                then
                    'no own value: no data for '
                    || statistics_long.variable
                    || ' in the sample '
                    || chosen_sample.sample
                when chosen_sample.sample <> 'report_base'
                then
                    'economy-years with CO2: the base sample needs LCT imports, '
                    || 'of which too few products have landed'
            end as coverage_note
        from statistics_long
        cross join chosen_sample
        left join
            {{ ref('table_3') }} as own
            on statistics_long.variable = own.variable
            and statistics_long.measure = own.measure
            and own.sample = chosen_sample.sample

    ),

    united as (

        select *
        from compared_aggregates
        union all
        select *
        from compared_statistics

    ),

    final as (

        select
            exhibit,
            series,
            "group",
            year,
            unit,
            published,
            own,
            own - published as difference,
            sample,
            nullif(concat_ws('; ', nullif(note, ''), coverage_note), '') as note
        from united

    )

select *
from final
