{#-
    Values of the panel's variables at t and at t-1 by calendar year (a gap in the years is a
    missing lag, not the previous row), and the z-score of the lag.

    Its mean and sample standard deviation are those of the panel's rows in the years t of the
    setting standardisation_years: a new year outside that window gets its z-scores and moves no
    other. A z-score is null where the standard deviation is zero or undefined.

    `values` is a relation or CTE with iso3, year, variable, value and the columns of `group_keys`;
    `rows` holds the panel's iso3 x year. The rolling windows and the lags see every landed year;
    only then is the panel restricted to its own years.
-#}
{% macro lagged_and_standardised(values, rows, group_keys=[]) %}
    {%- set keys = (group_keys + ['iso3', 'variable']) | join(', ') -%}
    {%- set groups = (group_keys + ['variable']) | join(', ') -%}
    {%- set first_year, last_year = standardisation_years() %}
    now_and_before as (

        select {{ keys }}, year, value, cast(null as {{ type_double() }}) as value_lag1
        from {{ values }}
        union all
        select
            {{ keys }},
            year + 1 as year,
            cast(null as {{ type_double() }}) as value,
            value as value_lag1
        from {{ values }}

    ),

    side_by_side as (

        select {{ keys }}, year, max(value) as value, max(value_lag1) as value_lag1
        from now_and_before
        group by {{ keys }}, year

    ),

    in_panel as (

        select side_by_side.*
        from side_by_side
        inner join
            {{ rows }} as panel_rows
            on side_by_side.iso3 = panel_rows.iso3
            and side_by_side.year = panel_rows.year

    ),

    moments as (

        select
            {{ groups }},
            {{ ordered_average('value_lag1', 'iso3, year') }} as lag1_mean,
            {{ ordered_standard_deviation('value_lag1', 'iso3, year') }} as lag1_standard_deviation
        from in_panel
        where value_lag1 is not null and year between {{ first_year }} and {{ last_year }}
        group by {{ groups }}

    ),

    standardised as (

        select
            in_panel.*,
            case
                when moments.lag1_standard_deviation > 0
                then (in_panel.value_lag1 - moments.lag1_mean) / moments.lag1_standard_deviation
            end as value_lag1_z
        from in_panel
        left join
            moments on in_panel.variable = moments.variable
            {%- for key in group_keys %} and in_panel.{{ key }} = moments.{{ key }} {%- endfor %}

    )
{%- endmacro %}

{#-
    One column per variable (and its lag and z-score, for regressors), pivoted from the long form.
    `variables` comes from panel_variables.
-#}
{% macro pivoted(variables) %}
    {%- for v in variables %}
        max(case when variable = '{{ v.variable }}' then value end) as {{ v.variable }}
        {%- if v.is_regressor %}
            ,
            max(
                case when variable = '{{ v.variable }}' then value_lag1 end
            ) as {{ v.variable }}_lag1,
            max(
                case when variable = '{{ v.variable }}' then value_lag1_z end
            ) as {{ v.variable }}_lag1_z
        {%- endif %} {{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
