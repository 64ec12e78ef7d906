-- The World Bank variables of the panel in long form, from 1988 on: each is an indicator and a
-- transformation, both facts of the seed `variables`. Aggregates (regions, income groups) and
-- China are not economies of the panel.
{%- set four_years -%}
    (partition by variable, iso3 order by year range between 3 preceding and current row)
{%- endset %}
with

    indicator_values as (

        select * from {{ ref('stg_wdi__indicator_values') }} where value is not null

    ),

    economies as (select iso3 from {{ ref('economies') }} where iso3 <> 'CHN'),

    variables as (select * from {{ ref('variables') }} where indicator_code is not null),

    numerators as (

        select
            variables.variable,
            variables.transformation,
            variables.denominator_code,
            indicator_values.iso3,
            indicator_values.year,
            indicator_values.value
        from variables
        inner join indicator_values on variables.indicator_code = indicator_values.indicator_code
        inner join economies on indicator_values.iso3 = economies.iso3

    ),

    -- four calendar years, t-3 to t; with a year missing there are fewer than four observations and
    -- no standard deviation
    rolled as (

        select
            variable,
            iso3,
            year,
            count(value) over {{ four_years }} as observation_count,
            stddev_samp(value) over {{ four_years }} as standard_deviation
        from numerators
        where transformation = 'rolling_sd'

    ),

    ratios as (

        select
            numerators.variable,
            numerators.iso3,
            numerators.year,
            case
                when denominators.value <> 0 then 100 * numerators.value / denominators.value
            end as value
        from numerators
        inner join
            indicator_values as denominators
            on numerators.denominator_code = denominators.indicator_code
            and numerators.iso3 = denominators.iso3
            and numerators.year = denominators.year
        where numerators.transformation = 'percent_of'

    ),

    own as (

        select
            variable,
            iso3,
            year,
            case
                when transformation = 'level'
                then value
                when transformation = 'hundredth'
                then value / 100
                -- the logarithm of nothing is missing; how often that happens is counted in
                -- marts.audit_exclusions
                when transformation = 'ln' and value > 0
                then ln(value)
            end as value
        from numerators
        where transformation in ('level', 'hundredth', 'ln')

    ),

    united as (

        select variable, iso3, year, value
        from own
        union all
        select variable, iso3, year, value
        from ratios
        union all
        select variable, iso3, year, standard_deviation as value
        from rolled
        where observation_count = 4

    ),

    final as (

        select variable, iso3, year, {{ as_float('value') }} as value
        from united
        where value is not null

    )

select *
from final
