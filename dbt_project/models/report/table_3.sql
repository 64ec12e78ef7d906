{#-
    Summary statistics of the panel in three samples. `report_base` is the report's own: economy-years up to 2020 with CO2 and
    LCT imports from China. The other two do not depend on the trade that has landed.
-#}
{%- set variables = panel_variables(ref('variables')) %}
with

panel as (

    select * from {{ ref('panel_country_year') }}

),

long as (

    {% for v in variables %}
    select
        iso3,
        year,
        '{{ v.variable }}' as variable,
        {{ v.variable }} as value,
        co2_tonnes_per_capita is not null as has_co2,
        lct_imports_from_china_kusd is not null as has_lct_imports
    from panel
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

sampled as (

    select 'all_1992_2022' as sample, variable, iso3, year, value from long
    where year between 1992 and 2022 and value is not null
    union all
    select 'with_co2_1992_2020' as sample, variable, iso3, year, value from long
    where year between 1992 and 2020 and has_co2 and value is not null
    union all
    select 'report_base' as sample, variable, iso3, year, value from long
    where year between 1992 and 2020 and has_co2 and has_lct_imports and value is not null

),

summarised as (

    select
        sample,
        variable,
        cast(count(*) as double) as n,
        {{ ordered_average('value', 'iso3, year') }} as mean,
        {{ ordered_standard_deviation('value', 'iso3, year') }} as sd,
        min(value) as min,
        max(value) as max
    from sampled
    group by sample, variable

),

final as (

    {% for measure in ['n', 'mean', 'sd', 'min', 'max'] %}
    select
        summarised.sample,
        summarised.variable,
        '{{ measure }}' as measure,
        summarised.{{ measure }} as value,
        {% if measure == 'n' %}'economy-years'{% else %}variables.unit{% endif %} as unit
    from summarised
    inner join {{ ref('dim_variable') }} as variables
        on summarised.variable = variables.variable
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from final
