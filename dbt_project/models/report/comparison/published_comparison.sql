-- Every printed aggregate beside ours. Where less of the product list has landed than stands for
-- it, there is no own value, and the note says why. The report's own contradictions stand in the
-- note of the number they concern.
-- Which exhibits are compared is said in the seed `exhibits`; dbt needs their names here too,
-- because it reads no seed while it orders the models.
-- depends_on: {{ ref('figure_1') }}
-- depends_on: {{ ref('figure_2') }}
-- depends_on: {{ ref('figure_3') }}
-- depends_on: {{ ref('figure_4') }}
-- depends_on: {{ ref('table_2') }}
with

    aggregates as (select * from {{ ref('published_aggregates') }}),

    statistics as (select * from {{ ref('published_summary_statistics') }}),

    printed_sums as (select * from {{ ref('printed_sums') }}),

    reasons as (select * from {{ ref('reasons') }} where family = 'comparison_note'),

    choices as (select * from {{ ref('run_choices') }}),

    list_size as (

        select count(*) as products_in_list from {{ ref('dim_product') }} where is_low_carbon

    ),

    -- labels as they are printed: small letters, blanks between words
    exhibits as (

        {% for exhibit in compared_exhibits(ref('exhibits')) %}
            select
                '{{ exhibit.exhibit }}' as exhibit,
                measure as series,
                lower(replace({{ adapter.quote(exhibit.series_column) }}, '_', ' ')) as label,
                year,
                value,
                unit,
                products_landed
            from {{ ref(exhibit.exhibit) }}
            union all
        {% endfor %}
        select
            'table_1' as exhibit,
            measure as series,
            replace(sector, '_', ' ') as label,
            cast(null as integer) as year,
            value,
            unit,
            cast(value as integer) as products_landed
        from {{ ref('table_1') }}
        where technology = 'all technologies'

    ),

    own_aggregates as (

        select exhibit, series, label, year, value, unit
        from exhibits
        union all
        select
            exhibits.exhibit,
            exhibits.series,
            printed_sums.printed_group as label,
            exhibits.year,
            {{ exact_sum('exhibits.value * 1e9') }} / 1e9 as value,
            exhibits.unit
        from exhibits
        inner join
            printed_sums
            on exhibits.exhibit = printed_sums.exhibit
            and exhibits.series = printed_sums.series
            and exhibits.label = printed_sums.own_group
        group by
            exhibits.exhibit,
            exhibits.series,
            printed_sums.printed_group,
            exhibits.year,
            exhibits.unit

    ),

    -- how much of the list has landed in the year the number is for; the figures of one sector are
    -- judged by the whole year
    landed_in_year as (

        select exhibit, year, max(products_landed) as products_landed
        from exhibits
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
            cast(null as {{ dbt.type_string() }}) as sample,
            aggregates.note_code as printed_note_code,
            case
                when landed_in_year.products_landed is null
                then 'no_data_for_year'
                when
                    landed_in_year.products_landed
                    < choices.minimum_product_share * list_size.products_in_list
                then 'too_few_products'
                when own_aggregates.value is null
                then 'no_trade_in_group'
                when
                    aggregates.exhibit <> 'table_1'
                    and landed_in_year.products_landed < list_size.products_in_list
                then 'part_of_list_landed'
            end as own_note_code,
            landed_in_year.products_landed
        from aggregates
        cross join choices
        cross join list_size
        left join
            own_aggregates
            on aggregates.exhibit = own_aggregates.exhibit
            and aggregates.series = own_aggregates.series
            and lower(aggregates."group") = own_aggregates.label
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
            cast(null as {{ dbt.type_string() }}) as printed_note_code,
            case
                when own.value is null
                then 'no_data_for_variable'
                when chosen_sample.sample <> 'report_base'
                then 'sample_with_co2'
            end as own_note_code,
            cast(null as integer) as products_landed
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
            united.exhibit,
            united.series,
            united."group",
            united.year,
            united.unit,
            united.published,
            united.own,
            united.own - united.published as difference,
            united.sample,
            nullif(
                concat_ws('; ', united.printed_note_code, united.own_note_code), ''
            ) as note_code,
            nullif(
                concat_ws(
                    '; ',
                    of_print.text_en,
                    {{ filled(
                        'of_own.text_en',
                        {
                            'products_landed': 'united.products_landed',
                            'products_in_list': 'list_size.products_in_list',
                            'variable': 'united."group"',
                            'sample': 'united.sample',
                        }
                    ) }}
                ),
                ''
            ) as note
        from united
        cross join list_size
        left join reasons as of_print on united.printed_note_code = of_print.code
        left join reasons as of_own on united.own_note_code = of_own.code

    )

select *
from final
