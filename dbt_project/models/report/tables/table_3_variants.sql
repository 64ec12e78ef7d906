-- Table 3: summary statistics of the panel in three samples, on every trade basis, HS treatment
-- and mineral scope. `report_base` is the report's own: economy-years up to 2020 with CO2 and LCT
-- imports from China. The other two do not depend on the trade that has landed.
{%- set variables = panel_variables(ref('dim_variable')) %}
{%- set measures = ['n', 'mean', 'sd', 'min', 'max'] %}

with

    panel as (

        select
            *,
            co2_tonnes_per_capita is not null as has_co2,
            lct_imports_from_china_kusd is not null as has_lct_imports
        from {{ ref('panel_country_year_variants') }}

    ),

    variables as (select * from {{ ref('dim_variable') }}),

    long as (

        {{ unpivoted(
            'panel',
            [
                'basis',
                'hs_treatment',
                'mineral_scope',
                'iso3',
                'year',
                'has_co2',
                'has_lct_imports',
            ],
            variables,
            'year between 1992 and 2022',
        ) }}

    ),

    samples as (

        select 'all_1992_2022' as sample
        union all
        select 'with_co2_1992_2020' as sample
        union all
        select 'report_base' as sample

    ),

    sampled as (

        select long.*, samples.sample
        from long
        cross join samples
        where
            samples.sample = 'all_1992_2022'
            or (
                long.year <= 2020
                and long.has_co2
                and (samples.sample = 'with_co2_1992_2020' or long.has_lct_imports)
            )

    ),

    summarised as (

        select
            basis,
            hs_treatment,
            mineral_scope,
            sample,
            variable,
            cast(count(*) as {{ type_double() }}) as n,
            {{ ordered_average('value', 'iso3, year') }} as mean,
            {{ ordered_standard_deviation('value', 'iso3, year') }} as sd,
            min(value) as min,
            max(value) as max
        from sampled
        group by basis, hs_treatment, mineral_scope, sample, variable

    ),

    measures as (

        {% for measure in measures %}
            select '{{ measure }}' as measure
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}

    ),

    final as (

        select
            summarised.basis,
            summarised.hs_treatment,
            summarised.mineral_scope,
            summarised.sample,
            summarised.variable,
            measures.measure,
            case
                measures.measure
                {% for measure in measures %}
                    when '{{ measure }}' then summarised.{{ measure }}
                {% endfor %}
            end as value,
            case measures.measure when 'n' then 'economy-years' else variables.unit end as unit
        from summarised
        cross join measures
        inner join variables on summarised.variable = variables.variable

    )

select *
from final
